//! The directives of a script in order, and the threads that it starts.

use std::collections::HashMap;
use std::thread::{Builder, ScopedJoinHandle, scope};

use wast::{WastDirective, WastThread};

use crate::directive;
use crate::outcome::{Kind, Outcome, Record};
use crate::runner::{Lines, STACK, message};
use crate::script::Script;

/// A thread, which gives the records of its directives.
type Running<'scope> = ScopedJoinHandle<'scope, Vec<Record>>;

/// Runs directives; one record each. Those of a thread follow when it is waited for,
/// or at the end.
pub(crate) fn run(
    script: &mut Script,
    directives: Vec<WastDirective<'_>>,
    lines: &Lines,
    records: &mut Vec<Record>,
) {
    scope(|scope| {
        let mut threads: HashMap<String, Running<'_>> = HashMap::new();
        for directive in directives {
            let line = lines.of(directive.span().offset());
            let kind = directive::kind(&directive);
            let outcome = match directive {
                WastDirective::Thread(WastThread { name, shared_module, directives, .. }) => {
                    script.thread(shared_module).map_err(Outcome::from).and_then(|mut script| {
                        let work = move || {
                            let mut records = Vec::new();
                            run(&mut script, directives, lines, &mut records);
                            records
                        };
                        let thread = Builder::new().stack_size(STACK).spawn_scoped(scope, work);
                        let thread = thread.map_err(|error| Outcome::Failed(error.to_string()))?;
                        threads.insert(name.name().to_owned(), thread);
                        Ok(())
                    })
                }
                WastDirective::Wait { thread, .. } => match threads.remove(thread.name()) {
                    Some(thread) => join(thread, records).map_err(Outcome::Failed),
                    None => Err(Outcome::Failed(format!("no thread `{}`", thread.name()))),
                },
                other => Err(directive::run(script, other)),
            };
            let outcome = outcome.map_or_else(|outcome| outcome, |()| Outcome::Passed);
            records.push(Record { line, kind, outcome });
        }
        for thread in threads.into_values() {
            if let Err(message) = join(thread, records) {
                let outcome = Outcome::Failed(message);
                records.push(Record { line: 0, kind: Kind::Thread, outcome });
            }
        }
    });
}

/// Waits for a thread and keeps what it found.
fn join(thread: Running<'_>, records: &mut Vec<Record>) -> Result<(), String> {
    let found = thread.join().map_err(|panic| format!("panicked: {}", message(&*panic)))?;
    records.extend(found);
    Ok(())
}
