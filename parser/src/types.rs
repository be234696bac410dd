//! Types: wasmparser's to ours.
//!
//! Each conversion takes the byte offset to report should the type belong to a
//! proposal that this engine has no representation for.

use bimetal_core::types::{
    AddrType, CompositeType, FieldType, FuncType, GlobalType, HeapType, Limits, MemoryType,
    RefType, StorageType, SubType, TableType, ValType,
};

use crate::error::{Error, ErrorKind};

/// The error for a type that belongs to a proposal without representation here.
fn unsupported(what: &str, offset: u64) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} are not supported"), Some(offset))
}

/// A value type.
///
/// # Errors
/// If it refers to a type of an unsupported proposal.
pub fn val_type(ty: wasmparser::ValType, offset: u64) -> Result<ValType, Error> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(ty, offset)?),
    })
}

/// A reference type.
///
/// # Errors
/// If it refers to a type of an unsupported proposal.
pub fn ref_type(ty: wasmparser::RefType, offset: u64) -> Result<RefType, Error> {
    Ok(RefType { nullable: ty.is_nullable(), heap: heap_type(ty.heap_type(), offset)? })
}

/// A heap type.
///
/// # Errors
/// If it belongs to an unsupported proposal.
pub fn heap_type(ty: wasmparser::HeapType, offset: u64) -> Result<HeapType, Error> {
    use wasmparser::AbstractHeapType as Abstract;
    match ty {
        wasmparser::HeapType::Concrete(index) => Ok(HeapType::Concrete(type_index(index, offset)?)),
        wasmparser::HeapType::Exact(_) => Err(unsupported("custom descriptors", offset)),
        wasmparser::HeapType::Abstract { shared: true, .. } => {
            Err(unsupported("shared heap types", offset))
        }
        wasmparser::HeapType::Abstract { shared: false, ty } => Ok(match ty {
            Abstract::Func => HeapType::Func,
            Abstract::Extern => HeapType::Extern,
            Abstract::Any => HeapType::Any,
            Abstract::None => HeapType::None,
            Abstract::NoExtern => HeapType::NoExtern,
            Abstract::NoFunc => HeapType::NoFunc,
            Abstract::Eq => HeapType::Eq,
            Abstract::Struct => HeapType::Struct,
            Abstract::Array => HeapType::Array,
            Abstract::I31 => HeapType::I31,
            Abstract::Exn => HeapType::Exn,
            Abstract::NoExn => HeapType::NoExn,
            Abstract::Cont | Abstract::NoCont => {
                return Err(unsupported("stack switching types", offset));
            }
        }),
    }
}

/// An index of the module's type section.
fn type_index(index: wasmparser::UnpackedIndex, offset: u64) -> Result<u32, Error> {
    index.as_module_index().ok_or_else(|| {
        Error::new(ErrorKind::Invalid, "type index is not the module's own", Some(offset))
    })
}

/// A function type.
///
/// # Errors
/// If it refers to a type of an unsupported proposal.
pub fn func_type(ty: &wasmparser::FuncType, offset: u64) -> Result<FuncType, Error> {
    let list = |types: &[wasmparser::ValType]| -> Result<Box<[ValType]>, Error> {
        types.iter().map(|&ty| val_type(ty, offset)).collect()
    };
    Ok(FuncType { params: list(ty.params())?, results: list(ty.results())? })
}

fn field_type(ty: &wasmparser::FieldType, offset: u64) -> Result<FieldType, Error> {
    let storage = match ty.element_type {
        wasmparser::StorageType::I8 => StorageType::I8,
        wasmparser::StorageType::I16 => StorageType::I16,
        wasmparser::StorageType::Val(ty) => StorageType::Val(val_type(ty, offset)?),
    };
    Ok(FieldType { storage, mutable: ty.mutable })
}

/// A defined type.
///
/// # Errors
/// If it belongs to an unsupported proposal.
pub fn sub_type(ty: &wasmparser::SubType, offset: u64) -> Result<SubType, Error> {
    let composite = &ty.composite_type;
    if composite.shared {
        return Err(unsupported("shared composite types", offset));
    }
    if composite.descriptor_idx.is_some() || composite.describes_idx.is_some() {
        return Err(unsupported("custom descriptors", offset));
    }
    let supertype = match ty.supertype_idxs.as_slice() {
        [] => None,
        [index] => Some(type_index(index.unpack(), offset)?),
        _ => return Err(unsupported("several supertypes of one type", offset)),
    };
    let composite = match &composite.inner {
        wasmparser::CompositeInnerType::Func(ty) => CompositeType::Func(func_type(ty, offset)?),
        wasmparser::CompositeInnerType::Struct(ty) => {
            let fields = ty.fields.iter().map(|field| field_type(field, offset));
            CompositeType::Struct(fields.collect::<Result<_, _>>()?)
        }
        wasmparser::CompositeInnerType::Array(ty) => {
            CompositeType::Array(field_type(&ty.0, offset)?)
        }
        wasmparser::CompositeInnerType::Cont(_) => {
            return Err(unsupported("stack switching types", offset));
        }
    };
    Ok(SubType { is_final: ty.is_final, supertype, composite })
}

fn addr_type(is_64: bool) -> AddrType {
    if is_64 { AddrType::I64 } else { AddrType::I32 }
}

/// The type of a table.
///
/// # Errors
/// If it belongs to an unsupported proposal.
pub fn table_type(ty: &wasmparser::TableType, offset: u64) -> Result<TableType, Error> {
    if ty.shared {
        return Err(unsupported("shared tables", offset));
    }
    Ok(TableType {
        addr: addr_type(ty.table64),
        limits: Limits { min: ty.initial, max: ty.maximum },
        element: ref_type(ty.element_type, offset)?,
    })
}

/// The type of a memory.
///
/// # Errors
/// If its page size is neither 1 nor 65536 bytes.
pub fn memory_type(ty: &wasmparser::MemoryType, offset: u64) -> Result<MemoryType, Error> {
    let page_size_log2 = match ty.page_size_log2() {
        0 => 0,
        16 => 16,
        _ => return Err(unsupported("page sizes other than 1 and 65536", offset)),
    };
    Ok(MemoryType {
        addr: addr_type(ty.memory64),
        limits: Limits { min: ty.initial, max: ty.maximum },
        shared: ty.shared,
        page_size_log2,
    })
}

/// The type of a global.
///
/// # Errors
/// If it belongs to an unsupported proposal.
pub fn global_type(ty: &wasmparser::GlobalType, offset: u64) -> Result<GlobalType, Error> {
    if ty.shared {
        return Err(unsupported("shared globals", offset));
    }
    Ok(GlobalType { content: val_type(ty.content_type, offset)?, mutable: ty.mutable })
}
