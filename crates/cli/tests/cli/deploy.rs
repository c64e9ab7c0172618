//! The recipes under `deploy/`: what they call is what the program takes, and they come to what one machine comes to.

mod on_slurm;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use yaml_rust2::{Yaml, YamlLoader};

use crate::binary;
use crate::soaks::{digest, run};

fn recipe(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name)
}

fn documents(name: &str) -> Vec<Yaml> {
    let text = fs::read_to_string(recipe(name)).expect("it is there");
    YamlLoader::load_from_str(&text).expect("it is YAML")
}

/// A pod's only container, its state, and what volume that is.
fn container(job: &Yaml) -> &Yaml {
    assert_eq!((job["apiVersion"].as_str(), job["kind"].as_str()), (Some("batch/v1"), Some("Job")));
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["restartPolicy"].as_str(), Some("Never"));
    let container = &pod["containers"][0];
    assert_eq!(container["volumeMounts"][0]["mountPath"].as_str(), Some("/soak"));
    assert_eq!(container["volumeMounts"][0]["name"], pod["volumes"][0]["name"]);
    assert_eq!(pod["volumes"][0]["persistentVolumeClaim"]["claimName"].as_str(), Some("soak"));
    container
}

/// Does what the container of a pod would do, in this folder instead of its volume, and for minutes instead of weeks.
fn in_pod(container: &Yaml, folder: &Path, index: i64) -> Output {
    let words = |name: &str| {
        container[name]
            .as_vec()
            .expect("it is a list")
            .iter()
            .map(|word| {
                word.as_str()
                    .expect("it is text")
                    .replace("/soak/", "")
                    .replace("--duration 12w", "--duration 12m --epoch 6m")
            })
            .collect::<Vec<String>>()
    };
    let command = [words("command"), words("args")].concat();
    let path = Path::new(&binary()).parent().expect("the program is in a folder").display().to_string();
    let mut pod = Command::new(&command[0]);
    pod.args(&command[1..]).current_dir(folder).env("JOB_COMPLETION_INDEX", index.to_string());
    pod.env("PATH", format!("{path}:/usr/bin:/bin")).env_remove("FAILPOINTS");
    pod.output().expect("there is a shell")
}

#[test]
fn the_pods_of_the_kubernetes_job_come_to_what_one_machine_comes_to() {
    let documents = documents("kubernetes.yaml");
    let [claim, job] = &documents[..] else { panic!("two documents: {documents:?}") };
    assert_eq!(
        (claim["kind"].as_str(), claim["metadata"]["name"].as_str()),
        (Some("PersistentVolumeClaim"), Some("soak"))
    );
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"].as_str(), Some("Indexed"));
    assert!(spec["backoffLimitPerIndex"].as_i64().is_some(), "an index can fail only where this is set");
    let shards = spec["completions"].as_i64().expect("a number of pods");
    let container = container(job);
    for rule in spec["podFailurePolicy"]["rules"].as_vec().expect("rules") {
        assert_eq!(rule["onExitCodes"]["containerName"], container["name"]);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for index in 0..shards {
        let pod = in_pod(container, folder.path(), index);
        assert!(pod.status.success(), "{}", String::from_utf8_lossy(&pod.stderr));
    }
    let [merge] = &self::documents("kubernetes-merge.yaml")[..] else { panic!("one document") };
    let merged = in_pod(self::container(merge), folder.path(), 0);
    assert_eq!(merged.status.code(), Some(0), "{}", String::from_utf8_lossy(&merged.stderr));
    let whole = ["soak", "--duration=12m", "--epoch=6m", "--clusters=8"];
    let alone = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(digest(&String::from_utf8_lossy(&merged.stdout)), digest(&run(alone.path(), &whole).out));
}

#[test]
fn the_nextest_recipe_says_what_it_takes() {
    let output = Command::new(recipe("nextest.sh")).arg("help").output().expect("it can be executed");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("use: deploy/nextest.sh archive FILE"));
}
