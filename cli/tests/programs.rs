//! Real programs do on every tier what they do on wasmtime: our examples, and
//! programs nobody here wrote. `programs/expect.py` documents the manifests.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Far more than any job needs on the slowest tier of a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// Set to anything to pass over the programs that `fetch.sh` fetches.
const SKIP_VARIABLE: &str = "BIMETAL_SKIP_PROGRAMS";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    name: String,
    wasm: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    dirs: Vec<(PathBuf, String)>,
    stdin: Option<PathBuf>,
    stderr: Option<String>,
    reference: bool,
    #[serde(rename = "note")]
    _note: Option<String>,
    exit: i32,
    trap: Option<String>,
    stdout_sha256: String,
    files: BTreeMap<String, String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes of the files under `folder`, each named as the guest sees it.
fn hash_files(folder: &Path, guest: &str, hashes: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        let guest = format!("{guest}/{name}");
        if path.is_dir() {
            hash_files(&path, &guest, hashes);
        } else {
            hashes.insert(guest, sha256(&fs::read(&path).expect("a readable file")));
        }
    }
}

/// Waits, but not for ever.
fn wait(child: &mut Child) -> Result<ExitStatus, String> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        if start.elapsed() > TIME_LIMIT {
            child.kill().map_err(|error| error.to_string())?;
            return Err(format!("still running after {TIME_LIMIT:?}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a command, its output going through files so that no pipe can fill up.
fn output(command: &mut Command, scratch: &Path) -> Result<Output, String> {
    let (stdout, stderr) = (scratch.join("stdout"), scratch.join("stderr"));
    let create = |path| File::create(path).map_err(|error| error.to_string());
    let mut child = command
        .stdout(create(&stdout)?)
        .stderr(create(&stderr)?)
        .spawn()
        .map_err(|error| error.to_string())?;
    let status = wait(&mut child)?;
    let read = |path| fs::read(path).map_err(|error| error.to_string());
    Ok(Output { status, stdout: read(stdout)?, stderr: read(stderr)? })
}

impl Job {
    /// Runs the job and says what differs from the manifest, if anything does.
    fn run(&self, tier: &str) -> Result<(), String> {
        let scratch = TempDir::new().map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_bimetal"));
        command.args(["run", "--tier", tier]);
        let mut outputs = Vec::new();
        for (index, (host, guest)) in self.dirs.iter().enumerate() {
            let mut folder = root().join(host);
            if host == Path::new("OUT") {
                folder = scratch.path().join(format!("out{index}"));
                fs::create_dir(&folder).map_err(|error| error.to_string())?;
                outputs.push((folder.clone(), guest));
            }
            command.arg("--dir").arg(format!("{}::{guest}", folder.display()));
        }
        for (key, value) in &self.env {
            command.arg("--env").arg(format!("{key}={value}"));
        }
        command.arg(root().join(&self.wasm)).args(&self.args);
        command.stdin(match &self.stdin {
            Some(path) => File::open(root().join(path)).map_err(|error| error.to_string())?.into(),
            None => Stdio::null(),
        });
        let result = output(&mut command, scratch.path())?;
        let mut files = BTreeMap::new();
        for (folder, guest) in outputs {
            hash_files(&folder, guest, &mut files);
        }
        self.compare(&result, &files)
    }

    fn compare(&self, result: &Output, files: &BTreeMap<String, String>) -> Result<(), String> {
        let stderr = String::from_utf8_lossy(&result.stderr);
        let stdout = String::from_utf8_lossy(&result.stdout);
        let lacks = |text: &Option<String>| text.as_ref().is_some_and(|t| !stderr.contains(t));
        if result.status.code() != Some(self.exit) {
            return Err(format!("{}, not exit code {}: {stderr}", result.status, self.exit));
        }
        if lacks(&self.stderr) || lacks(&self.trap) {
            let wanted = (&self.stderr, &self.trap);
            return Err(format!("standard error lacks one of {wanted:?}: {stderr}"));
        }
        if sha256(&result.stdout) != self.stdout_sha256 {
            let start: String = stdout.chars().take(4000).collect();
            return Err(format!("wrong standard output: {start}"));
        }
        if *files != self.files {
            return Err(format!("wrong files: {files:?}, not {:?}", self.files));
        }
        Ok(())
    }
}

/// Runs all jobs of a manifest and fails with everything that went wrong.
fn run_all(manifest: &str, tier: &str) {
    let text = fs::read_to_string(root().join(manifest)).expect("the manifest");
    let jobs: Vec<Job> = serde_json::from_str(&text).expect("a valid manifest");
    let mut ran = 0;
    let mut failures = Vec::new();
    for job in jobs.iter().filter(|job| tier != "reference" || job.reference) {
        let start = Instant::now();
        if let Err(problem) = job.run(tier) {
            failures.push(format!("{} on {tier}: {problem}", job.name));
        }
        println!("{} on {tier}: {:.2?}", job.name, start.elapsed());
        ran += 1;
    }
    assert!(ran > 0, "{manifest} has no job for {tier}");
    assert!(failures.is_empty(), "{} of {ran} failed:\n{}", failures.len(), failures.join("\n"));
}

/// Runs the fetched programs, after fetching what is missing.
fn run_fetched(tier: &str) {
    static FETCHED: std::sync::Once = std::sync::Once::new();
    if std::env::var_os(SKIP_VARIABLE).is_some() {
        println!("{SKIP_VARIABLE} is set: nothing was run");
        return;
    }
    FETCHED.call_once(|| {
        let script = root().join("cli/tests/programs/fetch.sh");
        let status = Command::new(&script).status().expect("fetch.sh can be run");
        assert!(status.success(), "fetch.sh failed; {SKIP_VARIABLE}=1 passes over these programs");
    });
    run_all("cli/tests/programs/manifest.json", tier);
}

#[test]
fn examples_do_on_reference_what_they_do_on_wasmtime() {
    run_all("examples/expected.json", "reference");
}

#[test]
fn examples_do_on_interp_what_they_do_on_wasmtime() {
    run_all("examples/expected.json", "interp");
}

#[test]
fn examples_do_on_jit_what_they_do_on_wasmtime() {
    run_all("examples/expected.json", "jit");
}

#[test]
fn fetched_programs_do_on_reference_what_they_do_on_wasmtime() {
    run_fetched("reference");
}

#[test]
fn fetched_programs_do_on_interp_what_they_do_on_wasmtime() {
    run_fetched("interp");
}

#[test]
fn fetched_programs_do_on_jit_what_they_do_on_wasmtime() {
    run_fetched("jit");
}
