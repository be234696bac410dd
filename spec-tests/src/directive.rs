//! One directive: whether what it asserts holds.

use bimetal::{Trap, Val};
use wast::{WastDirective, WastExecute, WastInvoke, WastRet, Wat};

use crate::fault::Fault;
use crate::outcome::{Kind, Outcome};
use crate::script::Script;
use crate::values::check;

/// The kind of a directive.
pub(crate) fn kind(directive: &WastDirective<'_>) -> Kind {
    match directive {
        WastDirective::Module(_)
        | WastDirective::ModuleDefinition(_)
        | WastDirective::ModuleInstance { .. } => Kind::Module,
        WastDirective::AssertMalformed { .. } => Kind::AssertMalformed,
        WastDirective::AssertMalformedCustom { .. } => Kind::AssertMalformedCustom,
        WastDirective::AssertInvalid { .. } => Kind::AssertInvalid,
        WastDirective::AssertInvalidCustom { .. } => Kind::AssertInvalidCustom,
        WastDirective::Register { .. } => Kind::Register,
        WastDirective::Invoke(_) => Kind::Invoke,
        WastDirective::AssertTrap { .. } => Kind::AssertTrap,
        WastDirective::AssertReturn { .. } => Kind::AssertReturn,
        WastDirective::AssertExhaustion { .. } => Kind::AssertExhaustion,
        WastDirective::AssertUnlinkable { .. } => Kind::AssertUnlinkable,
        WastDirective::AssertException { .. } => Kind::AssertException,
        WastDirective::AssertSuspension { .. } => Kind::AssertSuspension,
        WastDirective::Thread(_) | WastDirective::Wait { .. } => Kind::Thread,
    }
}

/// Runs a directive.
pub(crate) fn run(script: &mut Script, directive: WastDirective<'_>) -> Outcome {
    match directive {
        WastDirective::Module(mut module) => works(script.module(&mut module)),
        WastDirective::ModuleDefinition(mut module) => works(script.define(&mut module)),
        WastDirective::ModuleInstance { instance, module, .. } => {
            works(script.instance(instance, module))
        }
        WastDirective::Register { name, module, .. } => works(script.register(name, module)),
        WastDirective::Invoke(invoke) => works(script.invoke(&invoke)),
        WastDirective::AssertMalformed { mut module, .. }
        | WastDirective::AssertInvalid { mut module, .. } => {
            rejected(script.load(&mut module).map(drop))
        }
        WastDirective::AssertMalformedCustom { mut module, .. }
        | WastDirective::AssertInvalidCustom { mut module, .. } => {
            rejected(script.check_custom(&mut module))
        }
        WastDirective::AssertUnlinkable { module, .. } => unlinkable(script, module),
        WastDirective::AssertReturn { exec, results, .. } => returns(script, exec, &results),
        WastDirective::AssertTrap { exec, message, .. } => traps(script, exec, message),
        WastDirective::AssertExhaustion { call, message, .. } => exhausts(script, call, message),
        WastDirective::AssertException { exec, .. } => throws(script, exec),
        WastDirective::AssertSuspension { .. } => Outcome::Unsupported("stack switching".into()),
        WastDirective::Thread(_) | WastDirective::Wait { .. } => {
            Outcome::failed("not a directive that a script runs itself")
        }
    }
}

fn works<T>(result: Result<T, Fault>) -> Outcome {
    result.map(drop).map_err(Outcome::from).into()
}

/// Decoding and validation are one pass to the engine, and the text format's
/// parser checks part of both: which of them refuses is not told apart.
fn rejected(loaded: Result<(), Fault>) -> Outcome {
    match loaded {
        Err(Fault::Rejected(_)) => Outcome::Passed,
        Err(other) => other.into(),
        Ok(()) => Outcome::failed("the module was accepted"),
    }
}

fn unlinkable(script: &mut Script, module: Wat<'_>) -> Outcome {
    let linked = script.load_wat(module).and_then(|module| script.instantiate(&module));
    match linked {
        Err(Fault::Link(_)) => Outcome::Passed,
        Err(other) => other.into(),
        Ok(_) => Outcome::failed("the module was linked"),
    }
}

fn returns(script: &mut Script, exec: WastExecute<'_>, expected: &[WastRet<'_>]) -> Outcome {
    let results = script.execute(exec).map_err(Outcome::from);
    results.and_then(|results| check(script.store(), &results, expected)).into()
}

fn traps(script: &mut Script, exec: WastExecute<'_>, message: &str) -> Outcome {
    trapped(script.execute(exec), |trap| says(trap, message), message)
}

fn exhausts(script: &mut Script, call: WastInvoke<'_>, message: &str) -> Outcome {
    trapped(script.invoke(&call), |trap| trap == Trap::StackOverflow, message)
}

fn trapped(
    result: Result<Vec<Val>, Fault>,
    expected: impl Fn(Trap) -> bool,
    message: &str,
) -> Outcome {
    match result {
        Err(Fault::Trap(trap)) if expected(trap) => Outcome::Passed,
        Err(Fault::Trap(trap)) => {
            Outcome::Failed(format!("trapped with `{}`, expected `{message}`", trap.message()))
        }
        Err(other) => other.into(),
        Ok(values) => Outcome::Failed(format!("returned {values:?}, expected `{message}`")),
    }
}

/// Whether a trap has the message that a script expects: one begins with the
/// other, since some scripts leave out or add details.
fn says(trap: Trap, message: &str) -> bool {
    message.starts_with(trap.message()) || trap.message().starts_with(message)
}

fn throws(script: &mut Script, exec: WastExecute<'_>) -> Outcome {
    match script.execute(exec) {
        Err(Fault::Trap(Trap::UncaughtException)) => Outcome::Passed,
        Err(other) => other.into(),
        Ok(values) => Outcome::Failed(format!("returned {values:?}, expected an exception")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_message_may_go_into_detail() {
        assert!(says(Trap::IndirectCallToNull, "uninitialized element 2"));
        assert!(says(Trap::BadSignature, "indirect call"));
        assert!(!says(Trap::UndefinedElement, "uninitialized element"));
    }
}
