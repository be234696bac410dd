//! What instrumenting a module has to know of it: a first pass over its sections.

use bimetal::{Error, Result};
use wasmparser::{
    CompositeInnerType, FuncType, GlobalType, MemoryType, Parser, Payload, TypeRef, ValType,
};

/// The index spaces of a module, as far as instrumenting needs them.
#[derive(Default, Debug)]
pub(super) struct Plan {
    /// By type index; `None` for types that are not functions.
    pub(super) types: Vec<Option<FuncType>>,
    /// By function index: the type index.
    pub(super) funcs: Vec<u32>,
    /// How many of the functions are imported, with their names.
    pub(super) imports: Vec<(String, String)>,
    pub(super) memories: Vec<MemoryType>,
    pub(super) globals: Vec<GlobalType>,
}

impl Plan {
    /// Reads a valid module.
    ///
    /// # Errors
    /// If it imports anything but functions, whose calls alone can be recorded.
    pub(super) fn read(wasm: &[u8]) -> Result<Plan> {
        let mut plan = Plan::default();
        for payload in Parser::new(0).parse_all(wasm) {
            plan.section(payload.map_err(Error::new)?)?;
        }
        Ok(plan)
    }

    fn section(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups {
                    for ty in group.map_err(Error::new)?.into_types() {
                        self.types.push(match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => Some(ty),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(Error::new)?;
                    let (TypeRef::Func(ty) | TypeRef::FuncExact(ty)) = import.ty else {
                        return Err(Error::msg(format!(
                            "`diff` records calls of imported functions only, but the import \
                             `{}::{}` is none",
                            import.module, import.name
                        )));
                    };
                    self.funcs.push(ty);
                    self.imports.push((import.module.to_owned(), import.name.to_owned()));
                }
            }
            Payload::FunctionSection(types) => {
                for ty in types {
                    self.funcs.push(ty.map_err(Error::new)?);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.memories.push(memory.map_err(Error::new)?);
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    self.globals.push(global.map_err(Error::new)?.ty);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How many functions the module imports.
    pub(super) fn imported(&self) -> u32 {
        self.imports.len() as u32
    }

    /// How many functions it defines.
    pub(super) fn defined(&self) -> u32 {
        self.funcs.len() as u32 - self.imported()
    }

    /// The type of a function of a valid module.
    pub(super) fn func_type(&self, func: u32) -> Option<&FuncType> {
        self.types.get(*self.funcs.get(func as usize)? as usize)?.as_ref()
    }

    /// The type of addresses of a memory.
    pub(super) fn address(&self, memory: u32) -> ValType {
        match self.memories.get(memory as usize) {
            Some(memory) if memory.memory64 => ValType::I64,
            _ => ValType::I32,
        }
    }
}
