//! Objects: refused, so that the function stays where it can run.

use bimetal_parser::{Error, ErrorKind};

use super::Translator;
use super::operands::Value;

impl Translator<'_> {
    /// Refuses an instruction on objects; what it gives is not used.
    pub(super) fn refuse_objects(&mut self) -> Value {
        let refuse = || {
            let message = "instructions on objects are not supported by the fast interpreter";
            Error::new(ErrorKind::Unsupported, message, Some(self.offset.into()))
        };
        self.refused.get_or_insert_with(refuse);
        Value::Temp
    }
}
