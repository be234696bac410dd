//! Recognises the legacy exception proposal, to name it in errors.
//!
//! A module that uses it also declares tags, as the standard proposal does, so
//! the first fault that the validator finds may lie far from the cause.

use wasmparser::{FunctionBody, Operator, Parser, Payload, WasmFeatures};

use crate::error::{Error, ErrorKind};

/// Replaces an error of a section if legacy exceptions anywhere in the module
/// may be its cause.
pub(crate) fn explain_section(error: &wasmparser::Error, module: &[u8]) -> Option<Error> {
    if is_suspicious(error) { find(module) } else { None }
}

/// Replaces an error of a function body if the body uses legacy exceptions.
pub(crate) fn explain_body(error: &wasmparser::Error, body: &FunctionBody<'_>) -> Option<Error> {
    if is_suspicious(error) { find_in_body(body) } else { None }
}

fn is_suspicious(error: &wasmparser::Error) -> bool {
    let exceptions = WasmFeatures::EXCEPTIONS | WasmFeatures::LEGACY_EXCEPTIONS;
    match error.missing_wasm_feature() {
        Some(features) => features.intersects(exceptions),
        None => error.message().starts_with("`delegate` found"),
    }
}

/// The error for the first legacy instruction of a module.
fn find(module: &[u8]) -> Option<Error> {
    let mut func = 0u32;
    for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
        match payload {
            Payload::ImportSection(imports) => {
                let is_func = |import: &wasmparser::Import<'_>| {
                    matches!(
                        import.ty,
                        wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_)
                    )
                };
                let imports = imports.into_imports().map_while(Result::ok);
                func = u32::try_from(imports.filter(is_func).count()).unwrap_or(u32::MAX);
            }
            Payload::CodeSectionEntry(body) => {
                if let Some(error) = find_in_body(&body) {
                    return Some(error.in_func(func));
                }
                func = func.saturating_add(1);
            }
            _ => {}
        }
    }
    None
}

fn find_in_body(body: &FunctionBody<'_>) -> Option<Error> {
    // With every proposal on: off, the reader stops at what is looked for.
    let mut reader = body.get_binary_reader();
    reader.set_features(WasmFeatures::all());
    let mut reader = FunctionBody::new(reader).get_operators_reader().ok()?;
    while !reader.eof() {
        let offset = reader.original_position();
        let name = match reader.read() {
            Ok(op) => legacy_name(&op),
            // Outside a `try` the reader refuses these.
            Err(error) if error.message().starts_with("`delegate` found") => Some("delegate"),
            Err(error) if error.message().starts_with("`catch` found") => Some("catch"),
            Err(error) if error.message().starts_with("`catch_all` found") => Some("catch_all"),
            Err(_) => return None,
        };
        if let Some(name) = name {
            return Some(illegal(name, offset));
        }
    }
    None
}

fn legacy_name(op: &Operator<'_>) -> Option<&'static str> {
    Some(match op {
        Operator::Try { .. } => "try",
        Operator::Catch { .. } => "catch",
        Operator::CatchAll => "catch_all",
        Operator::Rethrow { .. } => "rethrow",
        Operator::Delegate { .. } => "delegate",
        _ => return None,
    })
}

/// To the binary format of WebAssembly 3.0 these opcodes are illegal.
fn illegal(name: &str, offset: u64) -> Error {
    let message = format!(
        "illegal opcode: instruction `{name}` of the legacy exceptions \
         (WebAssembly has `try_table` in their place)"
    );
    Error::new(ErrorKind::Malformed, message, Some(offset))
}
