//! What the compiler of one module knows about its surroundings.

use bimetal_core::index::{FuncIdx, GlobalIdx, MemIdx};
use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_core::types::{FuncType, RefType, SubType, ValType};
use bimetal_parser::Module;
use bimetal_runtime::gc::layout::ObjectLayout;
use bimetal_runtime::layout::VmLayout;
use bimetal_runtime::limits::{Optimisations, Settings};
use bimetal_runtime::memory::MemoryPlan;
use bimetal_runtime::seen::Seen;
use cranelift_codegen::ir::{
    AliasRegion, AliasRegionData, Function, MemFlagsData, UserExternalName, UserFuncName,
};

use crate::abi::{Shape, osr};
use crate::budget::Budget;
use crate::guess::Guesses;
use crate::lower::Start;
use crate::tails::Tails;

/// How compiled functions of a module call each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Calls {
    /// Directly: all of them are in one block of code.
    Direct,
    /// Through their code slots: functions are compiled one by one, or not at all.
    Slots,
}

/// The facts about a module that all of its functions share.
pub(crate) struct ModuleEnv<'a> {
    pub(crate) module: &'a Module,
    pub(crate) layout: VmLayout,
    pub(crate) plans: Box<[MemoryPlan]>,
    pub(crate) relaxed: RelaxedChoice,
    /// What is done beyond the code generator's own optimisations.
    pub(crate) optimisations: Optimisations,
    /// By type index; that of a function type is for exceptions.
    pub(crate) objects: Box<[ObjectLayout]>,
    /// How functions of the module call each other.
    pub(crate) calls: Calls,
    /// Whether there is a heap before any code of the module runs.
    pub(crate) has_heap: bool,
    /// What indirect calls are likely to reach.
    pub(crate) guesses: Guesses<'a>,
    /// Which functions are compiled as one.
    pub(crate) tails: Tails,
    /// What an interpreter has seen of the module.
    pub(crate) seen: Option<&'a dyn Seen>,
    /// What may still be spent on compiling its functions.
    pub(crate) budget: Budget,
}

impl<'a> ModuleEnv<'a> {
    /// `seen`: what an interpreter has seen of the module.
    pub(crate) fn new(
        module: &'a Module,
        settings: &Settings,
        calls: Calls,
        seen: Option<&'a dyn Seen>,
    ) -> ModuleEnv<'a> {
        let imported = module.imported.memories as usize;
        let plan = |(index, ty)| match index < imported {
            true => MemoryPlan::of_import(ty, settings),
            false => MemoryPlan::new(ty, settings),
        };
        let is_func = |heap| !module.is_collected(ValType::Ref(RefType { nullable: true, heap }));
        let layout = |ty: &SubType| ObjectLayout::new(&ty.composite, &is_func);
        ModuleEnv {
            module,
            layout: VmLayout::new(module),
            plans: module.memories.iter().enumerate().map(plan).collect(),
            relaxed: settings.relaxed,
            optimisations: settings.optimisations.clone(),
            calls,
            guesses: Guesses::new(module, seen),
            tails: Tails::default(),
            seen,
            objects: module.types.iter().map(layout).collect(),
            has_heap: module.types.iter().any(|ty| ty.as_func().is_none()),
            budget: Budget::new(module.bodies.iter().map(|body| body.range.len()).sum()),
        }
    }

    /// What the module says about the conditional branch at an offset: whether its
    /// condition is likely to hold.
    pub(crate) fn hint(&self, offset: u32) -> Option<bool> {
        self.module.branch_hints.at(self.module, offset)
    }

    /// The type of a defined function.
    pub(crate) fn defined_type(&self, defined: usize) -> &'a FuncType {
        self.module.type_of_func(self.module.func_at(defined))
    }

    /// An empty function with the name of a defined one and the signature that it
    /// has when it begins there.
    pub(crate) fn empty_func(&self, defined: usize, start: Start) -> Function {
        let sig = match start {
            Start::Entry => Shape::new(self.defined_type(defined)).native(),
            Start::Loop(_) => osr(),
        };
        let UserExternalName { namespace, index } = Symbol::Defined(defined as u32).name();
        Function::with_name_signature(UserFuncName::user(namespace, index), sig)
    }

    /// Whether the function is defined in the module and thus called directly.
    pub(crate) fn defined(&self, func: FuncIdx) -> Option<u32> {
        self.module.defined_index(func).map(|defined| defined as u32)
    }

    /// Whether the memory is the module's own, which no import can name as well.
    fn owns_memory(&self, memory: MemIdx) -> bool {
        memory.0 >= self.module.imported.memories
    }

    fn owns_global(&self, global: GlobalIdx) -> bool {
        global.0 >= self.module.imported.globals
    }
}

/// What compiled code calls by a relocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Symbol {
    /// A defined function of the module.
    Defined(u32),
    /// The stub of [`crate::abi::slow_call`].
    SlowCall,
    /// The stub of [`crate::abi::run_call`].
    RunCall,
    /// The stub of [`crate::abi::throw`].
    Throw,
    /// The function [`crate::unwind::raise`], which lies outside.
    Raise,
    /// C's `memmove`, which lies outside as well.
    MemMove,
    /// C's `memset`, likewise.
    MemSet,
}

impl Symbol {
    pub(crate) fn name(self) -> UserExternalName {
        match self {
            Symbol::Defined(index) => UserExternalName { namespace: 0, index },
            Symbol::SlowCall => UserExternalName { namespace: 1, index: 0 },
            Symbol::Throw => UserExternalName { namespace: 1, index: 1 },
            Symbol::Raise => UserExternalName { namespace: 1, index: 2 },
            Symbol::MemMove => UserExternalName { namespace: 1, index: 3 },
            Symbol::MemSet => UserExternalName { namespace: 1, index: 4 },
            Symbol::RunCall => UserExternalName { namespace: 1, index: 5 },
        }
    }

    /// Whether it lies in no block of code, so that only its address reaches it.
    pub(crate) fn is_outside(self) -> bool {
        matches!(self, Symbol::Raise | Symbol::MemMove | Symbol::MemSet)
    }

    pub(crate) fn of(name: &UserExternalName) -> Option<Symbol> {
        match (name.namespace, name.index) {
            (0, index) => Some(Symbol::Defined(index)),
            (1, 0) => Some(Symbol::SlowCall),
            (1, 1) => Some(Symbol::Throw),
            (1, 2) => Some(Symbol::Raise),
            (1, 3) => Some(Symbol::MemMove),
            (1, 4) => Some(Symbol::MemSet),
            (1, 5) => Some(Symbol::RunCall),
            _ => None,
        }
    }
}

/// Parts of memory of which no two overlap: what alias analysis may assume.
///
/// Entities that could be the same one share a region: imports of one kind, and
/// everything beyond [`Region::DISTINCT`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Region {
    /// Contexts, stores, function references and what else is bookkeeping.
    Vm,
    /// Bases and lengths of tables.
    TableHeader,
    /// Elements of tables.
    Elements,
    /// Bases and lengths of memories.
    MemoryHeader,
    /// Memories that are imported.
    ImportedMemories,
    /// Fields and elements of objects.
    Objects,
    /// Types and lengths of objects.
    ObjectHeaders,
    /// Globals that are imported.
    ImportedGlobals,
    /// A memory of the module.
    Memory(u32),
    /// A global of the module.
    Global(u32),
}

impl Region {
    /// How many entities of a kind get a region of their own.
    const DISTINCT: u32 = 256;

    pub(crate) fn of_memory(env: &ModuleEnv<'_>, memory: MemIdx) -> Region {
        match env.owns_memory(memory) {
            true => Region::Memory(memory.0.min(Region::DISTINCT)),
            false => Region::ImportedMemories,
        }
    }

    pub(crate) fn of_global(env: &ModuleEnv<'_>, global: GlobalIdx) -> Region {
        match env.owns_global(global) {
            true => Region::Global(global.0.min(Region::DISTINCT)),
            false => Region::ImportedGlobals,
        }
    }

    fn id(self) -> u32 {
        match self {
            Region::Vm => 0,
            Region::TableHeader => 1,
            Region::Elements => 2,
            Region::MemoryHeader => 3,
            Region::ImportedMemories => 4,
            Region::ImportedGlobals => 5,
            Region::Objects => 6,
            Region::ObjectHeaders => 7,
            Region::Memory(index) => 0x1_0000 + index,
            Region::Global(index) => 0x2_0000 + index,
        }
    }

    /// The region as the function knows it.
    fn declare(self, func: &mut Function) -> AliasRegion {
        let id = self.id();
        match func.dfg.alias_regions.get(id) {
            Some(region) => region,
            None => {
                let description = format!("{self:?}").into();
                func.dfg.alias_regions.insert(AliasRegionData { user_id: id, description })
            }
        }
    }

    /// Flags of an access to the region that cannot fault and is aligned.
    pub(crate) fn trusted(self, func: &mut Function) -> MemFlagsData {
        MemFlagsData::trusted().with_alias_region(Some(self.declare(func)))
    }

    /// Flags of a guest's access: any alignment, faults out of bounds.
    pub(crate) fn guest(self, func: &mut Function) -> MemFlagsData {
        use cranelift_codegen::ir::Endianness;
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        flags.with_alias_region(Some(self.declare(func)))
    }
}

/// Flags of a load that gives the same value whenever and wherever it is done.
pub(crate) const CONSTANT: MemFlagsData = MemFlagsData::trusted().with_readonly().with_can_move();
