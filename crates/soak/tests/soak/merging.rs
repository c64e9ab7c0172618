//! What shards come to is what the whole comes to, in whatever order they are joined.

use std::path::Path;

use soak::folder::Identity;
use soak::{Cluster, Folder, Shard, SoakError, SoakPlan, SoakResult};

fn plan(seed: u64) -> SoakPlan {
    SoakPlan {
        seed,
        clusters: 4,
        participants: 5,
        duration: "20m".parse().expect("a span"),
        epoch: "10m".parse().expect("a span"),
        rate: "1/s".parse().expect("a rate"),
        faults: "2/min".parse().expect("a rate"),
        failpoints: None,
    }
}

fn empty(plan: &SoakPlan, shard: &str) -> SoakResult {
    let identity = Identity::new(plan).expect("a small run happens");
    SoakResult::new(identity, shard.parse().expect("a shard"))
}

/// What these clusters come to in so many epochs.
fn result(plan: &SoakPlan, shard: &str, epochs: u64) -> SoakResult {
    let mut result = empty(plan, shard);
    let shard: Shard = shard.parse().expect("a shard");
    for number in (0..plan.clusters).filter(|&cluster| shard.has(cluster)) {
        let mut cluster = Cluster::new(plan, number);
        (0..epochs).for_each(|_| result.add(&cluster.live().expect("it can be run")));
    }
    result
}

fn joined<'a>(results: impl IntoIterator<Item = &'a SoakResult>) -> SoakResult {
    let mut results = results.into_iter();
    let mut all = results.next().expect("there is one").clone();
    results.for_each(|other| all.merge(other, Path::new("other")).expect("they are of one soak"));
    all
}

/// Without what differs from one time to the next, and into how many shards it was dealt.
fn timeless(mut result: SoakResult) -> SoakResult {
    result.shards = 0;
    for cluster in result.clusters.values_mut() {
        (cluster.wall_ms, cluster.memory_bytes) = (0.0, 0);
    }
    result
}

#[test]
fn the_order_and_the_repetition_of_shards_change_nothing() {
    let plan = plan(0);
    let whole = result(&plan, "1/1", 2);
    let shards = ["1/3", "2/3", "3/3"].map(|shard| result(&plan, shard, 2));
    let [a, b, c] = &shards;
    let all = joined([a, b, c]);
    // Counts, sums and histograms are those of the whole, to the last one.
    assert_eq!(timeless(all.clone()), timeless(whole.clone()));
    assert_eq!(timeless(all.clone()).total(), timeless(whole.clone()).total());
    assert_eq!(all.digest(), whole.digest());
    assert!(all.total().tally.total.quantile_ms(0.99) > 0.0);
    for order in [[a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] {
        assert_eq!(joined(order), all);
        assert_eq!(joined(order.into_iter().chain([&all]).chain(order)), all);
    }
}

#[test]
fn what_is_missing_is_named() {
    let plan = plan(0);
    let (first, third) = (result(&plan, "1/3", 2), result(&plan, "3/3", 1));
    let some = joined([&first, &third]);
    let missing: Vec<String> = some.missing_shards().iter().map(Shard::to_string).collect();
    assert_eq!(missing, ["2/3"]);
    assert_eq!(some.unfinished(), [(1, 0), (2, 1)]);
    let more = joined([&result(&plan, "3/3", 2), &some, &result(&plan, "2/3", 2)]);
    assert_eq!((more.missing_shards().len(), more.unfinished()), (0, Vec::new()), "the longer life counts");
}

#[test]
fn what_does_not_belong_together_is_refused_and_changes_nothing() {
    let first = result(&plan(0), "1/2", 1);
    let mut all = first.clone();
    let error = all.merge(&result(&plan(7), "2/2", 1), Path::new("b")).expect_err("another seed");
    assert!(error.to_string().starts_with("b is of a soak with another seed (7, not 0)"), "{error}");
    let mut other = first.clone();
    other.clusters.get_mut(&0).expect("it is of this shard").digest = "0".repeat(16);
    let error = all.merge(&other, Path::new("b")).expect_err("another history");
    assert!(
        error.to_string().contains("another history of a cluster (digest 0000000000000000 of"),
        "{error}"
    );
    assert_eq!(all, first);
}

#[test]
fn a_folder_is_of_one_version_and_one_build() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("state");
    let identity = Identity::new(&plan(0)).expect("a small run happens");
    drop(Folder::open(&path, &identity, Shard::WHOLE).expect("it is new"));
    let older = Identity { version: "0.0.9".to_owned(), ..identity.clone() };
    let other = Identity { behaviour: "0".repeat(16), ..identity.clone() };
    for (identity, words) in
        [(older, "another version (0.1.0, not 0.0.9)"), (other, "another build of the program")]
    {
        let error = Folder::open(&path, &identity, Shard::WHOLE).err().expect("it is of another one");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.is_of_usage());
    }
    let first = Folder::open(&path, &identity, Shard::WHOLE).expect("it is its own");
    assert!(matches!(Folder::open(&path, &identity, Shard::WHOLE), Err(SoakError::InUse { .. })));
    drop(first);
    assert!(Folder::open(&path, &identity, Shard::WHOLE).is_ok());
}
