//! Types of structures and arrays.

use std::fmt;

use bimetal_core::types as core;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::types::{HeapType, Mutability, RefType, ValType};

/// How many supertypes a type can have, one above the other, and how many fields: as
/// in modules.
const MAX_DEPTH: usize = 63;
const MAX_FIELDS: usize = 10_000;

/// Whether a type may have subtypes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Finality {
    /// It may not.
    Final,
    /// It may.
    NonFinal,
}

/// How a field or an element is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// 8 bits: a [`Val::I32`](crate::Val) that is cut when it is written.
    I8,
    /// 16 bits: a [`Val::I32`](crate::Val) that is cut when it is written.
    I16,
    /// A whole value.
    ValType(ValType),
}

impl StorageType {
    fn from_core(ty: core::StorageType) -> StorageType {
        match ty {
            core::StorageType::I8 => StorageType::I8,
            core::StorageType::I16 => StorageType::I16,
            core::StorageType::Val(ty) => StorageType::ValType(ty),
        }
    }

    fn into_core(self) -> core::StorageType {
        match self {
            StorageType::I8 => core::StorageType::I8,
            StorageType::I16 => core::StorageType::I16,
            StorageType::ValType(ty) => core::StorageType::Val(ty),
        }
    }

    /// The type of the values that are read and written: `i32` for packed ones.
    pub fn unpack(&self) -> ValType {
        match self {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::ValType(ty) => *ty,
        }
    }

    /// Whether everything stored so is also of another type of the same engine.
    pub fn matches(&self, engine: &Engine, other: &StorageType) -> bool {
        match (self, other) {
            (StorageType::ValType(a), StorageType::ValType(b)) => engine.val_type_matches(*a, *b),
            (a, b) => a == b,
        }
    }
}

impl From<ValType> for StorageType {
    fn from(ty: ValType) -> StorageType {
        StorageType::ValType(ty)
    }
}

/// The type of a structure's field or of an array's elements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    mutability: Mutability,
    storage: StorageType,
}

impl FieldType {
    /// A field that is stored so.
    pub fn new(mutability: Mutability, storage: impl Into<StorageType>) -> FieldType {
        FieldType { mutability, storage: storage.into() }
    }

    pub(crate) fn from_core(ty: &core::FieldType) -> FieldType {
        let mutability = if ty.mutable { Mutability::Var } else { Mutability::Const };
        FieldType { mutability, storage: StorageType::from_core(ty.storage) }
    }

    fn into_core(self) -> core::FieldType {
        core::FieldType { storage: self.storage.into_core(), mutable: self.mutability.is_var() }
    }

    /// Whether it can be written after the object was made.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// How it is stored.
    pub fn element_type(&self) -> &StorageType {
        &self.storage
    }

    /// Whether a field of this type may stand in a subtype where the supertype has
    /// the other one. Both are of the engine.
    pub fn matches(&self, engine: &Engine, other: &FieldType) -> bool {
        self.mutability == other.mutability
            && match self.mutability {
                Mutability::Const => self.storage.matches(engine, &other.storage),
                Mutability::Var => self.storage == other.storage,
            }
    }
}

impl Engine {
    /// An error if a type that is named in this one is none of the engine.
    pub(crate) fn check_type(&self, ty: ValType) -> Result<()> {
        match ty {
            ValType::Ref(RefType { heap: HeapType::Concrete(id), .. })
                if !self.types().table().contains(id) =>
            {
                Err(Error::msg(format!("{ty} names a type of another engine")))
            }
            _ => Ok(()),
        }
    }

    /// Whether every value of type `a` is also one of type `b`. No value is of a type
    /// that names a type of another engine.
    pub fn val_type_matches(&self, a: ValType, b: ValType) -> bool {
        self.check_type(a).is_ok()
            && self.check_type(b).is_ok()
            && self.types().val_type_matches(a, b)
    }

    /// Defines a type with these fields or elements.
    fn define(
        &self,
        finality: Finality,
        supertype: Option<(&Engine, u32)>,
        composite: core::CompositeType,
    ) -> Result<u32> {
        let fields = fields(&composite);
        if fields.len() > MAX_FIELDS {
            return Err(Error::msg(format!("a structure has at most {MAX_FIELDS} fields")));
        }
        for field in &fields {
            self.check_type(field.storage.unpack())?;
        }
        if let Some((engine, id)) = supertype {
            self.check_same(engine, "supertype")?;
            let above = self.types().get(id);
            if above.is_final {
                return Err(Error::msg("the supertype is final"));
            }
            if usize::from(self.types().table().get(id).depth) + 1 > MAX_DEPTH {
                return Err(Error::msg(format!("a type has at most {MAX_DEPTH} supertypes")));
            }
            let above = self::fields(&above.composite);
            let mut pairs = fields.iter().zip(&above);
            if fields.len() < above.len() || !pairs.all(|(a, b)| a.matches(self, b)) {
                return Err(Error::msg("the fields do not match those of the supertype"));
            }
        }
        let is_final = finality == Finality::Final;
        let supertype = supertype.map(|(_, id)| id);
        Ok(self.types().intern_sub_type(core::SubType { is_final, supertype, composite }))
    }
}

/// The fields of a structure, or the element of an array.
fn fields(ty: &core::CompositeType) -> Vec<FieldType> {
    match ty {
        core::CompositeType::Struct(fields) => fields.iter().map(FieldType::from_core).collect(),
        core::CompositeType::Array(element) => vec![FieldType::from_core(element)],
        core::CompositeType::Func(_) => Vec::new(),
    }
}

macro_rules! object_types {
    ($($(#[$doc:meta])* $name:ident: $composite:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            engine: Engine,
            id: u32,
            fields: Box<[FieldType]>,
        }

        impl $name {
            /// The type with this canonical id, if it is one of these.
            pub(crate) fn of_id(engine: &Engine, id: u32) -> Option<$name> {
                let ty = engine.types().get(id);
                let core::CompositeType::$composite(_) = &ty.composite else { return None };
                let fields = fields(&ty.composite).into();
                Some($name { engine: engine.clone(), id, fields })
            }

            /// The type that a heap type names, if it is one of these.
            pub fn from_heap_type(engine: &Engine, heap: &HeapType) -> Option<$name> {
                let HeapType::Concrete(id) = *heap else { return None };
                engine.types().table().contains(id).then(|| $name::of_id(engine, id))?
            }

            /// The heap type that names it.
            pub fn heap_type(&self) -> HeapType {
                HeapType::Concrete(self.id)
            }

            /// The type of references to it.
            pub fn ref_type(&self, nullable: bool) -> RefType {
                RefType { nullable, heap: self.heap_type() }
            }

            pub(crate) fn id(&self) -> u32 {
                self.id
            }

            /// The engine that it belongs to.
            pub fn engine(&self) -> &Engine {
                &self.engine
            }

            /// Whether it may have subtypes.
            pub fn finality(&self) -> Finality {
                match self.engine.types().get(self.id).is_final {
                    true => Finality::Final,
                    false => Finality::NonFinal,
                }
            }

            /// The type that it was declared a subtype of.
            pub fn supertype(&self) -> Option<$name> {
                $name::of_id(&self.engine, self.engine.types().get(self.id).supertype?)
            }

            /// Whether it is the other type or a subtype of it.
            pub fn matches(&self, other: &$name) -> bool {
                Engine::same(&self.engine, &other.engine)
                    && self.engine.types().is_subtype(self.id, other.id)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                self.id == other.id && Engine::same(&self.engine, &other.engine)
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("fields", &self.fields).finish_non_exhaustive()
            }
        }
    )*};
}

object_types! {
    /// The type of structures with certain fields.
    ///
    /// Types of one engine are the same if they are declared alike, be it by modules or
    /// by the host.
    ///
    /// ```
    /// use bimetal::{Engine, FieldType, Finality, Mutability, StorageType, StructType, ValType};
    ///
    /// let engine = Engine::default();
    /// let byte = FieldType::new(Mutability::Var, StorageType::I8);
    /// let number = FieldType::new(Mutability::Const, ValType::F64);
    /// let base =
    ///     StructType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [byte])?;
    /// let sub = StructType::with_finality_and_supertype(
    ///     &engine,
    ///     Finality::Final,
    ///     Some(&base),
    ///     [byte, number],
    /// )?;
    /// assert!(sub.matches(&base) && !base.matches(&sub));
    /// assert_eq!(sub.supertype(), Some(base));
    /// # bimetal::Result::<()>::Ok(())
    /// ```
    StructType: Struct;
    /// The type of arrays of certain elements: see [`StructType`].
    ArrayType: Array;
}

impl StructType {
    /// The final type without supertype that has these fields.
    ///
    /// # Errors
    /// If there are too many, or one names a type of another engine.
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = FieldType>) -> Result<StructType> {
        StructType::with_finality_and_supertype(engine, Finality::Final, None, fields)
    }

    /// The type with these fields, declared so.
    ///
    /// # Errors
    /// As [`StructType::new`]; and if the supertype is of another engine, final, or has
    /// fields that these do not match.
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&StructType>,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<StructType> {
        let fields: Box<[FieldType]> = fields.into_iter().collect();
        let composite = fields.iter().map(|field| field.into_core()).collect();
        let supertype = supertype.map(|ty| (&ty.engine, ty.id));
        let id = engine.define(finality, supertype, core::CompositeType::Struct(composite))?;
        Ok(StructType { engine: engine.clone(), id, fields })
    }

    /// The types of the fields.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        self.fields.iter().copied()
    }

    /// The type of a field.
    pub fn field(&self, index: usize) -> Option<FieldType> {
        self.fields.get(index).copied()
    }
}

impl ArrayType {
    /// The final type without supertype that has these elements.
    ///
    /// # Errors
    /// If they name a type of another engine.
    pub fn new(engine: &Engine, element: FieldType) -> Result<ArrayType> {
        ArrayType::with_finality_and_supertype(engine, Finality::Final, None, element)
    }

    /// The type with these elements, declared so.
    ///
    /// # Errors
    /// As [`ArrayType::new`]; and if the supertype is of another engine, final, or has
    /// elements that these do not match.
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&ArrayType>,
        element: FieldType,
    ) -> Result<ArrayType> {
        let supertype = supertype.map(|ty| (&ty.engine, ty.id));
        let composite = core::CompositeType::Array(element.into_core());
        let id = engine.define(finality, supertype, composite)?;
        Ok(ArrayType { engine: engine.clone(), id, fields: Box::new([element]) })
    }

    /// The type of the elements.
    pub fn field_type(&self) -> FieldType {
        self.fields[0]
    }
}
