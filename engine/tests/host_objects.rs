//! Objects as the host makes, reads and changes them, and what it may not do.

mod common;

use bimetal::*;
use common::{engines, engines_with};

fn var(ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Var, ty)
}

fn constant(ty: impl Into<StorageType>) -> FieldType {
    FieldType::new(Mutability::Const, ty)
}

const ANY: ValType = ValType::Ref(RefType { nullable: true, heap: HeapType::Any });

/// Takes and returns objects of every kind.
const GUEST: &str = r#"(module
    (type $pair (struct (field (mut i32)) (field (mut anyref))))
    (type $bytes (array (mut i8)))
    (func (export "pair") (param i32 anyref) (result (ref $pair))
        (struct.new $pair (local.get 0) (local.get 1)))
    (func (export "first") (param (ref $pair)) (result i32)
        (struct.get $pair 0 (local.get 0)))
    (func (export "bytes") (param i32) (result (ref $bytes))
        (array.new $bytes (i32.const -2) (local.get 0)))
    (func (export "sum") (param (ref null $bytes)) (result i32)
        (local $i i32) (local $sum i32)
        (block $end
            (loop $again
                (br_if $end (i32.ge_u (local.get $i) (array.len (local.get 0))))
                (local.set $sum (i32.add (local.get $sum)
                    (array.get_u $bytes (local.get 0) (local.get $i))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br $again)))
        (local.get $sum))
    (func (export "same") (param eqref eqref) (result i32)
        (ref.eq (local.get 0) (local.get 1)))
    (func (export "call") (param funcref) (result i32)
        (call_ref $answer (ref.cast (ref $answer) (local.get 0))))
    (type $answer (func (result i32))))"#;

fn guest(engine: &Engine) -> (Store<()>, Instance) {
    common::instantiate(engine, GUEST)
}

#[test]
fn host_and_guest_share_objects_and_their_types() {
    for engine in &engines_with(|config| _ = config.gc_stress(true)) {
        let (mut store, instance) = guest(engine);
        let pair = StructType::new(engine, [var(ValType::I32), var(ANY)]).unwrap();
        let bytes = ArrayType::new(engine, var(StorageType::I8)).unwrap();
        let array = ArrayRef::new(&mut store, &bytes, &Val::I32(1), 10).unwrap();
        let object =
            StructRef::new(&mut store, &pair, &[Val::I32(5), array.to_anyref().into()]).unwrap();
        let first = instance.get_typed_func::<Rooted<StructRef>, i32>(&mut store, "first");
        let first = first.unwrap();
        assert_eq!(first.call(&mut store, object).unwrap(), 5);
        object.set_field(&mut store, 0, Val::I32(6)).unwrap();
        assert_eq!(first.call(&mut store, object).unwrap(), 6);
        let sum = instance.get_typed_func::<Option<Rooted<ArrayRef>>, i32>(&mut store, "sum");
        array.set(&mut store, 9, Val::I32(0x1ff)).unwrap();
        assert_eq!(sum.unwrap().call(&mut store, Some(array)).unwrap(), 9 + 255);
        // The other way round.
        type Pair = (i32, Option<Rooted<AnyRef>>);
        let make = instance.get_typed_func::<Pair, Rooted<AnyRef>>(&mut store, "pair").unwrap();
        let made = make.call(&mut store, (7, Some(object.to_anyref()))).unwrap();
        let made = made.as_struct(&store).unwrap().unwrap();
        assert_eq!(made.ty(&store).unwrap(), pair);
        let fields: Vec<Val> = made.fields(&mut store).unwrap().collect();
        assert_eq!(fields[0].unwrap_i32(), 7);
        let inner = fields[1].unwrap_anyref().unwrap().as_struct(&store).unwrap().unwrap();
        assert!(Rooted::ref_eq(&store, &inner, &object).unwrap());
        let make = instance.get_typed_func::<i32, Rooted<ArrayRef>>(&mut store, "bytes").unwrap();
        let made = make.call(&mut store, 3).unwrap();
        assert_eq!((made.ty(&store).unwrap(), made.len(&store).unwrap()), (bytes, 3));
        let elements: Vec<i32> = made.elems(&mut store).unwrap().map(|e| e.unwrap_i32()).collect();
        assert_eq!(elements, [254; 3]);
        let same =
            instance.get_typed_func::<(Rooted<EqRef>, Rooted<EqRef>), i32>(&mut store, "same");
        let eq = made.to_eqref();
        assert_eq!(same.unwrap().call(&mut store, (eq, eq)).unwrap(), 1);
    }
}

#[test]
fn functions_vectors_and_host_values_survive_in_objects() {
    for engine in &engines_with(|config| _ = config.gc_stress(true)) {
        let (mut store, instance) = guest(engine);
        let fields = [ValType::FUNCREF, ValType::V128, ValType::EXTERNREF, ValType::I64];
        let ty = StructType::new(engine, fields.map(var)).unwrap();
        let answer = Func::wrap(&mut store, || 42);
        let host = ExternRef::new(&mut store, 9u8).unwrap();
        let vector = V128([7; 16]);
        let values = [answer.into(), vector.into(), host.into(), Val::I64(-1)];
        let object = StructRef::new(&mut store, &ty, &values).unwrap();
        store.gc().unwrap();
        let mut fields = object.fields(&mut store).unwrap();
        let call = instance.get_typed_func::<Option<Func>, i32>(&mut store, "call").unwrap();
        let func = fields.next().unwrap().unwrap_funcref().copied();
        assert_eq!(call.call(&mut store, func).unwrap(), 42);
        assert_eq!(fields.next().unwrap().unwrap_v128(), vector);
        let host = fields.next().unwrap();
        let host = host.unwrap_externref().unwrap().data(&store).unwrap().unwrap();
        assert_eq!(host.downcast_ref(), Some(&9u8));
        assert_eq!(fields.next().unwrap().unwrap_i64(), -1);
        let ty = ArrayType::new(engine, var(ValType::V128)).unwrap();
        let array = ArrayRef::new_fixed(&mut store, &ty, &[vector.into(), V128::default().into()]);
        assert_eq!(array.unwrap().get(&mut store, 1).unwrap().unwrap_v128(), V128::default());
    }
}

fn says<T: std::fmt::Debug>(result: Result<T>, expected: &str) {
    let error = format!("{:#}", result.unwrap_err());
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_does_not_fit_is_an_error() {
    let engine = &Engine::default();
    let mut store = Store::new(engine, ());
    let pair = StructType::new(engine, [var(ValType::I32), constant(ANY)]).unwrap();
    let bytes = ArrayType::new(engine, constant(StorageType::I8)).unwrap();
    let (one, null) = (Val::I32(1), Val::AnyRef(None));
    says(StructRef::new(&mut store, &pair, &[one]), "expected 2 fields, found 1");
    says(StructRef::new(&mut store, &pair, &[null, one]), "field 0: type mismatch: expected i32");
    let object = StructRef::new(&mut store, &pair, &[one, null]).unwrap();
    says(object.field(&mut store, 2), "there is no field 2: the structure has 2 fields");
    says(object.set_field(&mut store, 2, one), "there is no field 2");
    says(object.set_field(&mut store, 1, null), "field 1 is immutable");
    says(object.set_field(&mut store, 0, Val::I64(1)), "expected i32, found i64");
    says(ArrayRef::new(&mut store, &bytes, &Val::F32(0), 3), "expected i32, found f32");
    says(ArrayRef::new_fixed(&mut store, &bytes, &[one, null]), "element 1");
    let array = ArrayRef::new(&mut store, &bytes, &one, 3).unwrap();
    says(array.get(&mut store, 3), "there is no element 3: the array has 3 elements");
    says(array.set(&mut store, 3, one), "there is no element 3");
    says(array.set(&mut store, 0, one), "the elements of the array are immutable");
    let huge = ArrayRef::new(&mut store, &bytes, &one, u32::MAX).unwrap_err();
    assert_eq!(huge.downcast_ref(), Some(&Trap::AllocationTooLarge));
    assert!(object.to_anyref().as_array(&store).unwrap().is_none());
}

#[test]
fn things_of_other_stores_and_engines_are_errors() {
    let engine = &Engine::default();
    let (mut store, mut other) = (Store::new(engine, ()), Store::new(engine, ()));
    let boxed = StructType::new(engine, [var(ANY)]).unwrap();
    let object = StructRef::new(&mut store, &boxed, &[Val::AnyRef(None)]).unwrap();
    let foreign = "the reference belongs to another store";
    says(StructRef::new(&mut other, &boxed, &[object.into()]), foreign);
    says(object.field(&mut other, 0), foreign);
    says(object.ty(&other), foreign);
    let theirs = StructRef::new(&mut other, &boxed, &[Val::AnyRef(None)]).unwrap();
    says(object.set_field(&mut store, 0, theirs.into()), foreign);
    let stranger = Engine::default();
    let mut far = Store::new(&stranger, ());
    says(StructRef::new(&mut far, &boxed, &[Val::AnyRef(None)]), "another engine");
    let list = ArrayType::new(engine, var(ValType::I32)).unwrap();
    says(ArrayRef::new(&mut far, &list, &Val::I32(0), 1), "another engine");
    says(ArrayRef::new_fixed(&mut far, &list, &[]), "another engine");
    let named = ValType::Ref(list.ref_type(true));
    says(StructType::new(&stranger, [var(named)]), "names a type of another engine");
    says(
        Global::new(&mut far, GlobalType::new(named, Mutability::Var), Val::AnyRef(None)),
        "names a type of another engine",
    );
    says(
        StructType::with_finality_and_supertype(&stranger, Finality::Final, Some(&boxed), []),
        "the supertype belongs to another engine",
    );
    let ended = {
        let mut scope = RootScope::new(&mut store);
        StructRef::new(&mut scope, &boxed, &[Val::AnyRef(None)]).unwrap()
    };
    says(ended.field(&mut store, 0), "the scope of the reference has ended");
    says(object.set_field(&mut store, 0, ended.into()), "the scope of the reference has ended");
}

#[test]
fn a_typed_function_checks_what_its_parameters_do_not_say() {
    for engine in &engines() {
        let (mut store, instance) = guest(engine);
        let other = StructType::new(engine, [var(ValType::F64)]).unwrap();
        let other = StructRef::new(&mut store, &other, &[Val::F64(0)]).unwrap();
        let first = instance.get_typed_func::<Rooted<StructRef>, i32>(&mut store, "first");
        says(first.unwrap().call(&mut store, other), "argument 0: type mismatch");
        let first = instance.get_typed_func::<Option<Rooted<AnyRef>>, i32>(&mut store, "first");
        says(first.unwrap().call(&mut store, None), "argument 0: type mismatch");
        let wrong = instance.get_typed_func::<Rooted<ExternRef>, i32>(&mut store, "first");
        says(wrong, "type mismatch: expected a function of type");
        type Made = Rooted<ArrayRef>;
        let wrong =
            instance.get_typed_func::<(i32, Option<Rooted<AnyRef>>), Made>(&mut store, "pair");
        says(wrong, "type mismatch: expected a function of type");
    }
}

#[test]
fn types_say_what_they_are_below() {
    let engine = &Engine::default();
    let open = |fields: &[FieldType], above: Option<&StructType>| {
        let fields = fields.iter().copied();
        StructType::with_finality_and_supertype(engine, Finality::NonFinal, above, fields)
    };
    let eq = ValType::Ref(RefType { nullable: true, heap: HeapType::Eq });
    let base = open(&[constant(ANY)], None).unwrap();
    let sub = open(&[constant(eq), var(ValType::I32)], Some(&base)).unwrap();
    assert!(sub.matches(&base) && sub.matches(&sub) && !base.matches(&sub));
    assert!(engine.val_type_matches(sub.ref_type(false).into(), base.ref_type(true).into()));
    assert!(!engine.val_type_matches(sub.ref_type(true).into(), base.ref_type(false).into()));
    assert_eq!(sub.supertype().as_ref(), Some(&base));
    assert_eq!(StructType::from_heap_type(engine, &sub.heap_type()), Some(sub.clone()));
    assert!(ArrayType::from_heap_type(engine, &sub.heap_type()).is_none());
    says(open(&[], Some(&base)), "the fields do not match");
    says(open(&[var(ANY)], Some(&base)), "the fields do not match");
    let last = StructType::new(engine, [constant(ANY)]).unwrap();
    assert_eq!((last.finality(), base.finality()), (Finality::Final, Finality::NonFinal));
    says(open(&[constant(ANY)], Some(&last)), "the supertype is final");
    let mut deep = base;
    for _ in 0..63 {
        deep = open(&[constant(ANY)], Some(&deep)).unwrap();
    }
    says(open(&[constant(ANY)], Some(&deep)), "at most 63 supertypes");
    says(StructType::new(engine, vec![var(ANY); 10_001]), "at most 10000 fields");
}

#[test]
fn numbers_of_31_bits_wrap_and_come_back() {
    for engine in &engines() {
        let mut store = Store::new(engine, ());
        let echo = Func::wrap(&mut store, |value: Rooted<I31Ref>| value);
        for (value, signed) in [(0u32, 0), (0x7fff_ffff, -1), (0x4000_0000, -0x4000_0000)] {
            let number = I31::new_u32(value).unwrap();
            assert_eq!((number.get_u32(), number.get_i32()), (value, signed));
            let reference = I31Ref::new(&mut store, number);
            let typed = echo.typed::<Rooted<I31Ref>, Rooted<I31Ref>>(&store).unwrap();
            let back = typed.call(&mut store, reference).unwrap();
            assert_eq!(back.get(&store).unwrap(), number);
            assert_eq!(reference.to_anyref().as_i31(&store).unwrap(), Some(number));
        }
        assert!(I31::new_u32(1 << 31).is_none() && I31::new_i32(1 << 30).is_none());
        assert_eq!(I31::wrapping_u32(u32::MAX).get_i32(), -1);
    }
}
