//! The machine code of the running test binary: its functions out of the symbol
//! table, and how control leaves them.

use std::collections::{BTreeMap, HashMap};

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
use object::{Object, ObjectSection, ObjectSymbol, ObjectSymbolTable, RelocationTarget};

/// The functions of the test binary by address, as the file numbers addresses.
pub(super) struct Binary {
    functions: BTreeMap<u64, Function>,
    /// What the loader writes to addresses: names of functions.
    slots: HashMap<u64, String>,
}

struct Function {
    name: String,
    code: Vec<u8>,
}

/// How control leaves a function.
#[derive(Default)]
pub(super) struct Ways {
    /// The functions that it calls; `None` where that is not known.
    pub(super) calls: Vec<Option<String>>,
    /// Direct jumps to other code: where to.
    pub(super) jumps: Vec<u64>,
    /// How many indirect jumps there are.
    pub(super) indirect: usize,
    /// How many returns there are.
    pub(super) returns: usize,
    /// Instructions that could not be decoded, or that no function should have.
    pub(super) strange: Vec<u64>,
}

impl Binary {
    /// The binary that runs.
    pub(super) fn of_this_process() -> Binary {
        let path = std::env::current_exe().expect("a test is a file");
        let data = std::fs::read(path).expect("the test can be read");
        let file = object::File::parse(&*data).expect("an object file");
        let text = file.section_by_name(".text").expect("code");
        let mut functions = BTreeMap::new();
        for symbol in file.symbols().filter(|symbol| symbol.size() > 0) {
            let code = text.data_range(symbol.address(), symbol.size());
            if let (Ok(Some(code)), Ok(name)) = (code, symbol.name()) {
                let function = Function { name: name.to_owned(), code: code.to_vec() };
                functions.insert(symbol.address(), function);
            }
        }
        let slots = slots(&file, &functions);
        Binary { functions, slots }
    }

    /// The addresses of the functions with this path in their names.
    pub(super) fn find(&self, path: &str) -> Vec<u64> {
        let functions = self.functions.iter();
        functions
            .filter(|(_, function)| has_path(&function.name, path))
            .map(|(&at, _)| at)
            .collect()
    }

    /// How control leaves the function at an address.
    pub(super) fn ways_out(&self, address: u64) -> Ways {
        let code = &self.functions[&address].code;
        let inside = address..address + code.len() as u64;
        let decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
        let instructions: Vec<Instruction> = decoder.into_iter().collect();
        let mut ways = Ways::default();
        for inst in &instructions {
            match inst.flow_control() {
                FlowControl::Next => {}
                FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
                    let target = inst.near_branch_target();
                    if !inside.contains(&target) {
                        ways.jumps.push(target);
                    }
                }
                FlowControl::IndirectBranch => ways.indirect += 1,
                FlowControl::Return => ways.returns += 1,
                FlowControl::Call | FlowControl::IndirectCall => {
                    ways.calls.push(self.callee(inst, &instructions));
                }
                FlowControl::Interrupt | FlowControl::XbeginXabortXend | FlowControl::Exception => {
                    ways.strange.push(inst.ip())
                }
            }
        }
        ways
    }

    /// The name of the function that an instruction calls.
    fn callee(&self, call: &Instruction, instructions: &[Instruction]) -> Option<String> {
        match call.op0_kind() {
            OpKind::NearBranch64 => {
                self.functions.get(&call.near_branch_target()).map(|callee| callee.name.clone())
            }
            OpKind::Memory if call.is_ip_rel_memory_operand() => {
                self.slots.get(&call.ip_rel_memory_address()).cloned()
            }
            OpKind::Register => self.loaded(call.op0_register(), instructions),
            _ => None,
        }
    }

    /// The function whose address is the only one that the code loads into a register
    /// from a fixed place.
    fn loaded(&self, register: Register, instructions: &[Instruction]) -> Option<String> {
        let mut loads = instructions.iter().filter(|inst| {
            inst.mnemonic() == Mnemonic::Mov
                && inst.op0_kind() == OpKind::Register
                && inst.op0_register() == register
        });
        let load = loads.next()?;
        if loads.next().is_some() || !load.is_ip_rel_memory_operand() {
            return None;
        }
        self.slots.get(&load.ip_rel_memory_address()).cloned()
    }
}

/// The addresses that the loader fills with those of functions.
fn slots(file: &object::File<'_>, functions: &BTreeMap<u64, Function>) -> HashMap<u64, String> {
    let mut slots = HashMap::new();
    let symbols = file.dynamic_symbol_table();
    for (at, relocation) in file.dynamic_relocations().into_iter().flatten() {
        let name = match relocation.target() {
            RelocationTarget::Symbol(index) => symbols
                .as_ref()
                .and_then(|table| table.symbol_by_index(index).ok())
                .and_then(|symbol| symbol.name().ok().map(str::to_owned)),
            _ => functions.get(&(relocation.addend() as u64)).map(|function| function.name.clone()),
        };
        slots.extend(name.map(|name| (at, name)));
    }
    slots
}

/// Whether the name of a symbol is that of the function with this path, from any
/// module of ours on. Names in C are paths of one part.
pub(super) fn has_path(symbol: &str, path: &str) -> bool {
    if !path.contains("::") {
        return symbol == path;
    }
    // Both manglings of Rust write each part behind its length.
    let mangled: String = path.split("::").map(|part| format!("{}{part}", part.len())).collect();
    symbol.contains(&mangled)
}
