//! Tells malformed modules from invalid ones.
//!
//! wasmparser decodes and validates in one go and reports both kinds of fault
//! alike. On the way out of an error the part at fault is decoded once more
//! without validation: if that fails too, the bytes are malformed.

use wasmparser::{FromReader, FunctionBody, Payload, SectionLimited};

use crate::error::{Error, ErrorKind};
use crate::legacy;

impl Error {
    /// A fault that wasmparser found while decoding.
    pub(crate) fn malformed(error: wasmparser::Error) -> Error {
        Error::from_wasmparser(&error, ErrorKind::Malformed)
    }

    /// A fault in a section. `module` are all bytes.
    pub(crate) fn in_section(
        error: wasmparser::Error,
        payload: &Payload<'_>,
        module: &[u8],
    ) -> Error {
        if let Some(error) = legacy::explain_section(&error, module) {
            return error;
        }
        let kind = match payload {
            Payload::UnknownSection { .. } => ErrorKind::Malformed,
            _ => kind_of(&error, decode_section(payload)),
        };
        Error::from_wasmparser(&error, kind)
    }

    /// A fault in the body of a function.
    pub(crate) fn in_body(error: wasmparser::Error, body: &FunctionBody<'_>, func: u32) -> Error {
        if let Some(error) = legacy::explain_body(&error, body) {
            return error.in_func(func);
        }
        let kind = kind_of(&error, decode_body(body));
        Error::from_wasmparser(&error, kind).in_func(func)
    }

    /// The same message and offset. A disabled proposal or a limit of the
    /// implementation is told from `kind` by the error itself.
    fn from_wasmparser(error: &wasmparser::Error, kind: ErrorKind) -> Error {
        let kind = match error.message() {
            // wasmparser allows it with stack switching, which is no part of 3.0.
            message if message.ends_with("non-empty tag result type") => ErrorKind::Invalid,
            // A flag that no version of the language knows: the mutability is malformed.
            message if message.starts_with("shared globals") => ErrorKind::Malformed,
            _ if error.missing_wasm_feature().is_some() => ErrorKind::Unsupported,
            message if message.contains("proposal must be enabled") => ErrorKind::Unsupported,
            message if is_limit(message) => ErrorKind::Limit,
            // A matter of the format, though only validation can notice.
            "data count section required" => ErrorKind::Malformed,
            "too many locals: locals exceed maximum" if kind == ErrorKind::Invalid => {
                ErrorKind::Limit
            }
            _ => kind,
        };
        Error::new(kind, error.message(), Some(error.offset()))
    }
}

fn is_limit(message: &str) -> bool {
    message.contains("exceeds limit")
        || message.contains("exceeds the limit")
        || message.ends_with("size is out of bounds")
}

/// What kind of fault `error` is if decoding alone comes to this.
fn kind_of(error: &wasmparser::Error, decoded: wasmparser::Result<()>) -> ErrorKind {
    match decoded {
        Err(again) if again.offset() <= error.offset() => ErrorKind::Malformed,
        // The decoder sums up the locals a little later than the validator.
        Err(again) if error.message().starts_with(again.message()) => ErrorKind::Malformed,
        _ => ErrorKind::Invalid,
    }
}

fn decode_section(payload: &Payload<'_>) -> wasmparser::Result<()> {
    match payload {
        Payload::TypeSection(section) => decode_items(section),
        Payload::ImportSection(section) => section.clone().into_imports().try_for_each(drop_item),
        Payload::FunctionSection(section) => decode_items(section),
        Payload::TableSection(section) => decode_items(section),
        Payload::MemorySection(section) => decode_items(section),
        Payload::TagSection(section) => decode_items(section),
        Payload::GlobalSection(section) => decode_items(section),
        Payload::ExportSection(section) => decode_items(section),
        Payload::ElementSection(section) => decode_items(section),
        Payload::DataSection(section) => decode_items(section),
        _ => Ok(()),
    }
}

fn decode_items<'a, T: FromReader<'a>>(section: &SectionLimited<'a, T>) -> wasmparser::Result<()> {
    section.clone().into_iter().try_for_each(drop_item)
}

fn drop_item<T>(item: wasmparser::Result<T>) -> wasmparser::Result<()> {
    item.map(drop)
}

fn decode_body(body: &FunctionBody<'_>) -> wasmparser::Result<()> {
    body.get_locals_reader()?.into_iter().try_for_each(drop_item)?;
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        reader.read()?;
    }
    reader.finish()
}
