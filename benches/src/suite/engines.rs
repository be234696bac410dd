//! Engines as commands: see [`crate::measure`].

use std::ffi::OsString;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::guest::Error;
use crate::measure::{Figures, Task};

/// An engine that a runner has.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Its name.
    pub name: String,
    /// The runner: a program and its first arguments.
    command: Vec<OsString>,
}

/// How long a process may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// All engines that a runner has.
///
/// # Errors
/// If it cannot be run.
pub fn engines(command: &[OsString]) -> Result<Vec<Engine>, Error> {
    let text = output(command, &["list".into()])?;
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty());
    let named = |name: &str| Engine { name: name.to_owned(), command: command.to_vec() };
    Ok(names.map(named).collect())
}

impl Engine {
    /// Has a new process do a task.
    ///
    /// # Errors
    /// If it fails, takes too long or prints something else than figures.
    pub fn run(&self, task: &Task) -> Result<Figures, Error> {
        let mut args = vec!["run".into(), self.name.clone().into()];
        args.extend(task.args());
        let text = output(&self.command, &args)?;
        // What a program itself printed stands in front.
        let line = text.lines().last().unwrap_or_default();
        Ok(serde_json::from_str(line)?)
    }
}

/// What a command prints on standard output.
fn output(command: &[OsString], args: &[OsString]) -> Result<String, Error> {
    let [program, first @ ..] = command else { return Err("an empty command".into()) };
    let mut command = Command::new(program);
    command.args(first).args(args).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let failed = |error| format!("failed to run `{}`: {error}", program.display());
    let mut child = command.spawn().map_err(failed)?;
    let stdout = read(child.stdout.take().ok_or("no pipe")?);
    let stderr = read(child.stderr.take().ok_or("no pipe")?);
    let success = wait(&mut child)?;
    let text = |thread: JoinHandle<std::io::Result<Vec<u8>>>| {
        let bytes = thread.join().map_err(|_| "a thread that reads panicked")??;
        Ok::<_, Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (stdout, stderr) = (text(stdout)?, text(stderr)?);
    if success {
        return Ok(stdout);
    }
    // The message of a panic stands below its place.
    let said = |line: &&str| !line.is_empty() && !line.starts_with("thread '");
    let first = stderr.lines().map(str::trim).find(said);
    let first = first.unwrap_or("it failed and said nothing");
    Err(first.trim_start_matches("Error: ").to_owned().into())
}

/// Reads a pipe meanwhile, so that one that is full keeps nobody waiting.
fn read(mut pipe: impl Read + Send + 'static) -> JoinHandle<std::io::Result<Vec<u8>>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).map(|_| bytes)
    })
}

/// Whether a process ends well, in time.
fn wait(child: &mut Child) -> Result<bool, Error> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(format!("not done after {} s", PATIENCE.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_says_why() {
        let missing: Vec<OsString> = vec!["no-such-runner".into()];
        let error = engines(&missing).unwrap_err().to_string();
        assert!(error.contains("no-such-runner"), "{error}");
        let cargo: Vec<OsString> = vec![env!("CARGO").into(), "--no-such-option".into()];
        let error = engines(&cargo).unwrap_err().to_string();
        assert!(error.contains("--no-such-option"), "{error}");
    }
}
