//! One tier's run of the instrumented module.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::mpsc::SyncSender;

use bimetal::error::Context as _;
use bimetal::{
    Caller, Engine, Error, Extern, Instance, Linker, Module, Result, Store, Trap, V128, Val,
    WasmBacktrace,
};
use bimetal_wasi::{I32Exit, WasiCtx};

use super::event::{End, Message, Word};
use super::host::{self, Recorder, Records};
use super::instrument::{Instrumented, TRACE_MODULE};
use crate::args::GuestArgs;
use crate::run;

/// Words that are sent at once.
const CHUNK: usize = 4096;

/// The data of a side's store.
pub(super) struct Side {
    wasi: WasiCtx,
    words: Vec<Word>,
    out: SyncSender<Message>,
    role: Role,
}

/// Who calls the host.
pub(super) enum Role {
    Leader(Recorder),
    Follower(Records),
}

impl Side {
    pub(super) fn new(wasi: WasiCtx, out: SyncSender<Message>, role: Role) -> Side {
        Side { wasi, words: Vec::new(), out, role }
    }

    fn tell(&mut self, word: Word) -> Result<()> {
        self.words.push(word);
        if let Role::Leader(recorder) = &mut self.role {
            recorder.note(word);
        }
        if self.words.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    /// Sends what has been told.
    ///
    /// # Errors
    /// If the comparison has ended.
    pub(super) fn flush(&mut self) -> Result<()> {
        let words = std::mem::take(&mut self.words);
        self.out.send(Message::Words(words)).context("the comparison has ended")
    }

    pub(super) fn recorder(&mut self) -> Option<&mut Recorder> {
        match &mut self.role {
            Role::Leader(recorder) => Some(recorder),
            Role::Follower(_) => None,
        }
    }

    pub(super) fn records(&self) -> Option<&Records> {
        match &self.role {
            Role::Leader(_) => None,
            Role::Follower(records) => Some(records),
        }
    }

    fn end(&mut self, end: End) {
        if let (Some(recorder), End::Failed(error)) = (self.recorder(), &end) {
            recorder.finish(error);
        }
        // A comparison that has ended does not want to know.
        let _ = self.flush();
        let _ = self.out.send(Message::End(end));
    }
}

/// Runs a guest to its end and tells all about it.
pub(super) fn run(engine: &Engine, module: &Instrumented, guest: &GuestArgs, side: Side) {
    let mut store = Store::new(engine, side);
    let end = match execute(engine, module, guest, &mut store) {
        Ok(end) => end,
        Err(error) => ending(&error, module),
    };
    store.data_mut().end(end);
}

fn execute(
    engine: &Engine,
    instrumented: &Instrumented,
    guest: &GuestArgs,
    store: &mut Store<Side>,
) -> Result<End> {
    let module = Module::from_binary(engine, &instrumented.wasm)?;
    let mut linker = Linker::new(engine);
    match store.data().role {
        Role::Leader(_) => {
            bimetal_wasi::add_to_linker(&mut linker, |side: &mut Side| &mut side.wasi)?;
        }
        Role::Follower(_) => host::replay(&mut linker, &module, &instrumented.imports)?,
    }
    define_trace(&mut linker)?;
    let instance = linker.instantiate(&mut *store, &module)?;
    let results = run::call(guest, &mut *store, instance, &module)?.iter().map(word).collect();
    Ok(End::Returned { results, memories: hash_memories(store, instance, &module) })
}

fn define_trace(linker: &mut Linker<Side>) -> Result<()> {
    type Guest<'a> = Caller<'a, Side>;
    linker.func_wrap(TRACE_MODULE, "point", |mut guest: Guest<'_>, point: i32| {
        guest.data_mut().tell(Word::Point(point.cast_unsigned()))
    })?;
    linker.func_wrap(TRACE_MODULE, "i32", |mut guest: Guest<'_>, value: i32| {
        guest.data_mut().tell(Word::I32(value))
    })?;
    linker.func_wrap(TRACE_MODULE, "i64", |mut guest: Guest<'_>, value: i64| {
        guest.data_mut().tell(Word::I64(value))
    })?;
    linker.func_wrap(TRACE_MODULE, "f32", |mut guest: Guest<'_>, value: f32| {
        guest.data_mut().tell(Word::F32(value.to_bits()))
    })?;
    linker.func_wrap(TRACE_MODULE, "f64", |mut guest: Guest<'_>, value: f64| {
        guest.data_mut().tell(Word::F64(value.to_bits()))
    })?;
    linker.func_wrap(TRACE_MODULE, "v128", |mut guest: Guest<'_>, value: V128| {
        guest.data_mut().tell(Word::V128(value.to_u128()))
    })?;
    linker.func_wrap(TRACE_MODULE, "null", |mut guest: Guest<'_>, null: i32| {
        guest.data_mut().tell(Word::Null(null != 0))
    })?;
    linker.func_wrap(TRACE_MODULE, "host_begin", |mut guest: Guest<'_>| {
        host::begin(&mut guest);
        guest.data_mut().flush()
    })?;
    linker.func_wrap(TRACE_MODULE, "host_end", |mut guest: Guest<'_>| host::end(&mut guest))?;
    Ok(())
}

fn word(value: &Val) -> Word {
    match value {
        Val::I32(value) => Word::I32(*value),
        Val::I64(value) => Word::I64(*value),
        Val::F32(bits) => Word::F32(*bits),
        Val::F64(bits) => Word::F64(*bits),
        Val::V128(value) => Word::V128(value.to_u128()),
        Val::FuncRef(func) => Word::Null(func.is_none()),
        Val::ExternRef(value) => Word::Null(value.is_none()),
        Val::AnyRef(value) => Word::Null(value.is_none()),
        Val::ExnRef(value) => Word::Null(value.is_none()),
        // A kind of value that there is not yet.
        _ => Word::Null(false),
    }
}

/// Hashes the exported memories, for what was written without a point, such as by
/// an atomic read-modify-write.
fn hash_memories(store: &mut Store<Side>, instance: Instance, module: &Module) -> u64 {
    let mut hasher = DefaultHasher::new();
    for export in module.exports() {
        if let Some(Extern::Memory(memory)) = instance.get_export(&mut *store, export.name()) {
            hasher.write(memory.data(&*store));
        }
    }
    hasher.finish()
}

fn ending(error: &Error, module: &Instrumented) -> End {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return End::Failed(format!("exit with code {}", exit.0));
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => {
            let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames);
            let frame = frames.and_then(|frames| frames.first());
            End::Trapped {
                trap: trap.to_string(),
                func: frame.map(|frame| module.original(frame.func_index())),
            }
        }
        None => End::Failed(error.root_cause().to_string()),
    }
}
