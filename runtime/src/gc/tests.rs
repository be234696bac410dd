//! The heap and the collector, driven from Rust.

use std::sync::Arc;

use bimetal_core::types::{
    CompositeType, FieldType, FuncType, GlobalType, HeapType, RefType, StorageType, SubType,
    ValType,
};

use super::layout::Field;
use super::roots::RootVisitor;
use super::*;
use crate::limits::{Settings, StoreLimits};
use crate::store::StoreBox;
use crate::types::TypeRegistry;
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

const ANY: ValType = ValType::Ref(RefType { nullable: true, heap: HeapType::Any });

/// A store and some types of objects.
struct World {
    store: StoreBox,
    /// A structure of a reference and a number.
    node: u32,
    /// An array of references.
    refs: u32,
    /// An array of bytes.
    bytes: u32,
}

fn field(storage: StorageType) -> FieldType {
    FieldType { storage, mutable: true }
}

fn world_with(limit: u64, gc_stress: bool) -> World {
    let types = Arc::new(TypeRegistry::new());
    let any = field(StorageType::Val(ANY));
    let number = field(StorageType::Val(ValType::I32));
    let node = CompositeType::Struct(Box::new([any, number]));
    let [node, refs, bytes] =
        [node, CompositeType::Array(any), CompositeType::Array(field(StorageType::I8))].map(
            |composite| {
                types.intern_sub_type(SubType { is_final: true, supertype: None, composite })
            },
        );
    let settings = Settings { gc_stress, ..Settings::default() };
    let limits = StoreLimits { max_heap_bytes: limit, ..StoreLimits::default() };
    World { store: StoreBox::new(settings, types, limits), node, refs, bytes }
}

fn world() -> World {
    world_with(u64::MAX, false)
}

impl World {
    fn fields(&mut self, ty: u32) -> Box<[Field]> {
        self.store.type_table(ty).get(ty).layout().fields.clone()
    }

    fn allocate(&mut self, ty: u32, length: u32, keep: &mut [GcRef]) -> Result<GcRef, TrapCode> {
        let mut operands = |visit: &mut dyn RootVisitor| {
            keep.iter_mut().for_each(|reference| visit.visit(reference));
        };
        // SAFETY: no guest code runs; the tests keep what they use.
        unsafe { self.store.allocate(ty, length, &mut operands) }
    }

    /// A node that is kept along with `keep`.
    fn node(&mut self, next: GcRef, value: i32) -> GcRef {
        let mut keep = [next];
        let node = self.allocate(self.node, 0, &mut keep).unwrap();
        let fields = self.fields(self.node);
        let objects = self.store.objects();
        objects.set(node, fields[0], [keep[0].slot(), Slot::ZERO]);
        objects.set(node, fields[1], [Slot::from_i32(value), Slot::ZERO]);
        node
    }

    fn next(&mut self, node: GcRef) -> GcRef {
        let fields = self.fields(self.node);
        GcRef::from_slot(self.store.objects().get(node, fields[0])[0])
    }

    fn value(&mut self, node: GcRef) -> i32 {
        let fields = self.fields(self.node);
        self.store.objects().get(node, fields[1])[0].i32()
    }

    fn collect(&mut self) {
        // SAFETY: no guest code runs.
        unsafe { self.store.collect().unwrap() };
    }

    /// A root for a reference, which [`World::kept`] reads.
    fn keep(&mut self, reference: GcRef) -> Handle {
        self.store.handles.add(reference.slot())
    }

    fn kept(&self, handle: Handle) -> GcRef {
        GcRef::from_slot(self.store.handles.get(handle).unwrap())
    }
}

#[test]
fn what_nothing_refers_to_is_dropped_cycles_included() {
    let mut world = world();
    let a = world.node(GcRef::NULL, 1);
    let b = world.node(a, 2);
    let fields = world.fields(world.node);
    world.store.objects().set(a, fields[0], [b.slot(), Slot::ZERO]);
    assert_eq!(world.store.heap_used(), 32);
    world.collect();
    assert_eq!(world.store.heap_used(), 0);
}

#[test]
fn a_cycle_that_a_root_reaches_stays_a_cycle() {
    let mut world = world();
    let a = world.node(GcRef::NULL, 1);
    let b = world.node(a, 2);
    let fields = world.fields(world.node);
    world.store.objects().set(a, fields[0], [b.slot(), Slot::ZERO]);
    let root = world.keep(a);
    for _ in 0..3 {
        world.collect();
    }
    let a = world.kept(root);
    let b = world.next(a);
    assert_eq!((world.next(b), world.value(a), world.value(b)), (a, 1, 2));
    assert_eq!(world.store.heap_used(), 32);
}

#[test]
fn what_two_roots_share_is_copied_once() {
    let mut world = world();
    let shared = world.node(GcRef::NULL, 7);
    let mut keep = [shared];
    let array = world.allocate(world.refs, 3, &mut keep).unwrap();
    let element = world.fields(world.refs)[0];
    for index in 0..2 {
        world.store.objects().set_element(array, element, index, [keep[0].slot(), Slot::ZERO]);
    }
    let (array, shared) = (world.keep(array), world.keep(keep[0]));
    let used = world.store.heap_used();
    world.collect();
    assert_eq!(world.store.heap_used(), used);
    let (array, shared) = (world.kept(array), world.kept(shared));
    let objects = world.store.objects();
    let elements = [0, 1, 2].map(|at| GcRef::from_slot(objects.get_element(array, element, at)[0]));
    assert_eq!(elements, [shared, shared, GcRef::NULL]);
    assert_eq!((objects.length(array), world.value(shared)), (3, 7));
}

#[test]
fn a_list_of_a_million_nodes_is_kept_and_dropped_without_recursion() {
    let mut world = world();
    let mut head = GcRef::NULL;
    for value in 0..1_000_000 {
        head = world.node(head, value);
    }
    let scope = world.store.handles.open();
    let root = world.keep(head);
    world.collect();
    let (mut at, mut expected) = (world.kept(root), 1_000_000);
    let fields = world.fields(world.node);
    while !at.is_null() {
        expected -= 1;
        let objects = world.store.objects();
        assert_eq!(objects.get(at, fields[1])[0].i32(), expected);
        at = GcRef::from_slot(objects.get(at, fields[0])[0]);
    }
    assert_eq!((expected, world.store.heap_used()), (0, 16_000_000));
    world.store.handles.close(scope);
    world.collect();
    assert_eq!(world.store.heap_used(), 0);
    assert!(world.store.collections() < 12, "the heap grows in few steps");
}

#[test]
fn garbage_is_collected_in_a_heap_that_does_not_grow() {
    let mut world = world();
    let root = world.keep(GcRef::i31(3));
    for _ in 0..100 {
        world.allocate(world.bytes, 100_000, &mut []).unwrap();
    }
    assert!(world.store.heap_used() <= 1 << 20);
    assert!(world.store.collections() >= 9);
    assert_eq!(world.kept(root), GcRef::i31(3));
}

#[test]
fn at_the_limit_allocation_fails_and_the_store_stays_usable() {
    let mut world = world_with(1 << 20, false);
    let half = world.allocate(world.bytes, 600_000, &mut []).unwrap();
    let root = world.keep(half);
    let refused = Err(TrapCode::HeapExhausted);
    assert_eq!(world.allocate(world.bytes, 600_000, &mut []), refused);
    assert_eq!(world.allocate(world.bytes, u32::MAX, &mut []), refused);
    assert_eq!(world.allocate(world.refs, u32::MAX, &mut []), refused);
    world.allocate(world.bytes, 400_000, &mut []).unwrap();
    world.allocate(world.bytes, 400_000, &mut []).unwrap();
    let kept = world.kept(root);
    assert_eq!(world.store.objects().length(kept), 600_000);
}

#[test]
fn a_limit_of_nothing_leaves_only_references_that_need_no_object() {
    let mut world = world_with(0, false);
    assert_eq!(world.allocate(world.node, 0, &mut []), Err(TrapCode::HeapExhausted));
    world.collect();
    // SAFETY: no guest code runs.
    let host = unsafe { world.store.new_extern_ref(Box::new(5)).unwrap() };
    assert_eq!(world.store.extern_ref(host).unwrap().downcast_ref(), Some(&5));
}

#[test]
fn an_object_larger_than_the_heap_makes_it_grow() {
    let mut world = world();
    let array = world.allocate(world.bytes, 50_000_000, &mut []).unwrap();
    let element = world.fields(world.bytes)[0];
    let objects = world.store.objects();
    objects.set_element(array, element, 49_999_999, [Slot::from_i32(-1), Slot::ZERO]);
    let root = world.keep(array);
    world.collect();
    let array = world.kept(root);
    assert_eq!(world.store.objects().get_element(array, element, 49_999_999)[0].i32(), 255);
    assert_eq!(world.store.objects().get_element(array, element, 0)[0].i32(), 0);
}

#[test]
fn memory_that_is_used_again_reads_as_zero() {
    let mut world = world_with(1 << 20, false);
    let element = world.fields(world.bytes)[0];
    for _ in 0..4 {
        let array = world.allocate(world.bytes, 700_000, &mut []).unwrap();
        let objects = world.store.objects();
        for at in [0, 350_000, 699_999] {
            assert_eq!(objects.get_element(array, element, at)[0], Slot::ZERO);
            objects.set_element(array, element, at, [Slot::from_i32(-1), Slot::ZERO]);
        }
    }
}

#[test]
fn under_stress_every_allocation_moves_every_object() {
    let mut world = world_with(u64::MAX, true);
    let mut head = GcRef::NULL;
    for value in 0..100 {
        head = world.node(head, value);
    }
    assert_eq!(world.store.collections(), 100);
    for value in (0..100).rev() {
        assert_eq!(world.value(head), value);
        head = world.next(head);
    }
    // SAFETY: no guest code runs.
    let heap = unsafe { (*world.store.vm()).heap };
    assert_eq!(heap.bump, heap.limit, "compiled code cannot allocate by itself");
}

#[test]
fn globals_and_tables_are_roots_and_function_references_are_not_touched() {
    let mut world = world();
    let nullable = |heap| RefType { nullable: true, heap };
    let any = GlobalType { content: ANY, mutable: true };
    let func = GlobalType { content: ValType::FUNCREF, mutable: true };
    let node = world.node(GcRef::NULL, 9);
    // Bits of a function reference may look like those of an object.
    let bits = [node.slot(), Slot::ZERO];
    let (any, func) = (world.store.new_global(any, bits), world.store.new_global(func, bits));
    let table = bimetal_core::types::TableType {
        addr: bimetal_core::types::AddrType::I32,
        limits: bimetal_core::types::Limits { min: 3, max: None },
        element: nullable(HeapType::Eq),
    };
    let table = world.store.new_table(table, node.slot()).unwrap();
    world.collect();
    let moved = world.store.global(any).get()[0];
    assert_ne!(moved, node.slot());
    assert_eq!(world.store.global(func).get()[0], node.slot());
    assert_eq!(world.store.table(table).elements(), [moved; 3]);
    assert_eq!(world.value(GcRef::from_slot(moved)), 9);
}

#[test]
fn owned_handles_are_roots_and_an_exception_keeps_its_payload() {
    let mut world = world();
    let tag_type = world.store.types.intern_func(FuncType::new([ANY, ValType::I64], []));
    let payload = world.node(GcRef::NULL, 5);
    let tags = [(); 3].map(|()| world.store.new_tag(tag_type).unwrap());
    let mut slots = [payload.slot(), Slot::from_i64(-1)];
    // SAFETY: no guest code runs; the slots are of the tag's type.
    let exception = unsafe { world.store.new_exception(tags[1], slots.as_mut_ptr()).unwrap() };
    let owned = world.store.handles.own(exception);
    world.collect();
    let exception = owned.get();
    assert_eq!(world.store.exception_tag(exception), Some(tags[1]));
    // SAFETY: there is room for the payload.
    unsafe { world.store.read_payload(exception, slots.as_mut_ptr()) };
    assert_eq!((world.value(GcRef::from_slot(slots[0])), slots[1]), (5, Slot::from_i64(-1)));
    world.store.set_pending_exception(exception);
    drop(owned);
    world.collect();
    assert_eq!(world.store.heap_used(), 40, "the pending exception is a root");
    world.store.pending = None;
    world.collect();
    assert_eq!(world.store.heap_used(), 0);
}

#[test]
fn a_subtype_is_told_by_its_display_at_any_depth() {
    let types = TypeRegistry::new();
    let mut chain: Vec<u32> = Vec::new();
    for depth in 0..40u32 {
        let fields = (0..depth).map(|_| field(StorageType::I8)).collect();
        let supertype = chain.last().copied();
        let composite = CompositeType::Struct(fields);
        chain.push(types.intern_sub_type(SubType { is_final: false, supertype, composite }));
    }
    let table = types.table();
    for (a, &lower) in chain.iter().enumerate() {
        for (b, &upper) in chain.iter().enumerate() {
            assert_eq!(table.is_subtype(lower, upper), a >= b, "{a} below {b}");
        }
    }
    assert_eq!(table.get(chain[39]).supertypes, chain[..8]);
}

#[test]
fn a_host_value_dies_when_neither_roots_nor_objects_lead_to_it() {
    let mut world = world();
    let alive = Arc::new(());
    // SAFETY: no guest code runs.
    let host = |world: &mut World| unsafe {
        GcRef::from_slot(world.store.new_extern_ref(Box::new(Arc::clone(&alive))).unwrap())
    };
    let (direct, inside, lost) = (host(&mut world), host(&mut world), host(&mut world));
    let node = world.node(inside, 1);
    let roots = [direct, node].map(|reference| world.keep(reference));
    world.collect();
    assert!(world.store.extern_ref(lost.slot()).is_none());
    assert_eq!(Arc::strong_count(&alive), 4, "the host drops it, not the collector");
    drop(world.store.take_dead_host_value());
    assert!(!world.store.has_dead_host_values());
    assert_eq!(Arc::strong_count(&alive), 3);
    assert_eq!(host(&mut world), lost, "the place is used again");
    let node = world.kept(roots[1]);
    for host in [world.kept(roots[0]), world.next(node)] {
        assert!(world.store.extern_ref(host.slot()).unwrap().is::<Arc<()>>());
    }
    drop(world);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn making_host_values_collects_those_that_are_lost() {
    let mut world = world();
    for _ in 0..100_000 {
        // SAFETY: no guest code runs.
        let host = unsafe { world.store.new_extern_ref(Box::new(())).unwrap() };
        assert!(GcRef::from_slot(host).host_index().unwrap() < 1 << 12);
    }
}
