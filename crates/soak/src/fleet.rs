//! The processes at work, one a cluster: who is next, what they say, and what became of those that are gone. A cluster
//! whose process dies is lost for now, and no other one with it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Scope;
use std::time::Duration;

use crate::checkpoint::unsealed;
use crate::record::EpochRecord;
use crate::worker::{Line, Order, STOP};

/// What happened in the fleet.
#[derive(Debug)]
pub enum News {
    /// A cluster has lived through an epoch.
    Lived(Box<EpochRecord>),
    /// A cluster lived through an epoch before, by its record.
    Recorded(Box<EpochRecord>),
    /// A process did not end as it should.
    Lost {
        /// Which cluster's.
        cluster: u32,
        /// The cluster's seed.
        seed: u64,
        /// What became of it.
        how: String,
    },
    /// Nothing, for a while.
    Tick,
}

/// Whether the fleet goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It does.
    GoOn,
    /// Nobody begins another epoch.
    Stop,
}

/// What the thread that reads a worker's output says.
enum Said {
    Lived(Box<EpochRecord>),
    Recorded(Box<EpochRecord>),
    Nonsense(String),
    Nothing,
}

const TICK: Duration = Duration::from_millis(200);

/// Has so many processes at a time, started by `command`, carry out the orders, and tells what happens.
///
/// # Errors
/// When a process cannot be started.
pub fn sail(
    orders: Vec<Order>,
    jobs: usize,
    command: impl Fn() -> Command,
    mut tell: impl FnMut(News) -> Wish,
) -> io::Result<()> {
    std::thread::scope(|scope| {
        let (say, hear) = mpsc::channel();
        let mut waiting = VecDeque::from(orders);
        let mut at_work: BTreeMap<u32, Worker> = BTreeMap::new();
        let mut wish = Wish::GoOn;
        loop {
            while wish == Wish::GoOn
                && at_work.len() < jobs
                && let Some(order) = waiting.pop_front()
            {
                at_work.insert(order.cluster, Worker::start(scope, order, command(), say.clone())?);
            }
            if at_work.is_empty() {
                return Ok(());
            }
            let news = match hear.recv_timeout(TICK) {
                Ok((_, Said::Lived(record))) => News::Lived(record),
                Ok((_, Said::Recorded(record))) => News::Recorded(record),
                Ok((cluster, said)) => {
                    let worker = at_work.remove(&cluster).expect("who is heard is at work");
                    let seed = worker.order.plan.cluster_seed(cluster);
                    match worker.end(said)? {
                        Some(how) => News::Lost { cluster, seed, how },
                        None => continue,
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => News::Tick,
            };
            if tell(news) == Wish::Stop && wish == Wish::GoOn {
                wish = Wish::Stop;
                at_work.values_mut().for_each(Worker::stop);
            }
        }
    })
}

/// One process and its cluster.
struct Worker {
    child: Child,
    /// As long as this is open, the process lives.
    input: ChildStdin,
    order: Order,
}

impl Worker {
    fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        order: Order,
        mut command: Command,
        say: mpsc::Sender<(u32, Said)>,
    ) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().expect("it is a pipe");
        let output = child.stdout.take().expect("it is a pipe");
        let mut text = serde_json::to_vec(&order).map_err(io::Error::from)?;
        text.push(b'\n');
        // One that is gone already is told by its output, which ends.
        let _ = input.write_all(&text);
        let cluster = order.cluster;
        scope.spawn(move || {
            let mut output = BufReader::with_capacity(1 << 16, output);
            let mut line = Vec::new();
            let last = loop {
                line.clear();
                match output.read_until(b'\n', &mut line) {
                    Ok(length) if length > 0 && line.ends_with(b"\n") => {
                        // Who asked is gone only with the process.
                        let _ = match unsealed(&line) {
                            Ok(Line { record, is_new: true }) => say.send((cluster, Said::Lived(record))),
                            Ok(Line { record, is_new: false }) => say.send((cluster, Said::Recorded(record))),
                            Err(reason) => break Said::Nonsense(reason),
                        };
                    }
                    _ => break Said::Nothing,
                }
            };
            // Who asked is gone only with the process.
            let _ = say.send((cluster, last));
        });
        Ok(Self { child, input, order })
    }

    /// Asks it to stop when its epoch is over.
    fn stop(&mut self) {
        // One that is gone needs not be asked.
        let _ = self.input.write_all(&[STOP]);
    }

    /// It says no more: what became of it, unless it ended as it should.
    fn end(mut self, said: Said) -> io::Result<Option<String>> {
        if let Said::Nonsense(reason) = said {
            self.child.kill()?;
            self.child.wait()?;
            return Ok(Some(format!("its worker wrote a line that is damaged: {reason}")));
        }
        let status = self.child.wait()?;
        Ok((!status.success()).then(|| describe(status)))
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(signal) => format!("its worker was killed by signal {signal}"),
        None => format!("its worker ended with {status}"),
    }
}
