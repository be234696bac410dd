//! What the translator may combine: one switch each, so that every one can be
//! measured and, when a result is in doubt, excluded.

/// Switches of the translator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fusions {
    /// Operands taken from the accumulators, and no store of results that are
    /// used from there only.
    pub accumulators: bool,
    /// Constants inside the cell that uses them.
    pub constants: bool,
    /// Plain instructions on constants are computed at translation.
    pub fold: bool,
    /// A comparison and the branch on it in one cell.
    pub compare_branch: bool,
    /// Adding a constant to a local, comparing the sum and branching in one cell.
    pub add_branch: bool,
    /// The sum that is an address in the cell of the load or store.
    pub address: bool,
    /// That sum also where the value that is stored is made between the two.
    pub late_address: bool,
    /// Constant addresses in the cell of the load or store.
    pub constant_address: bool,
    /// Two copies in one cell.
    pub copy_two: bool,
    /// `i32.wrap_i64` is nothing: who reads 32 bits of a slot ignores the rest.
    pub wrap: bool,
    /// A branch to a `return` is a `return`.
    pub thread_return: bool,
    /// Two instructions on integers in one cell, the second on the result of the first.
    pub pairs: bool,
    /// An instruction on integers, a comparison of its result and the branch in one cell.
    pub pair_branch: bool,
    /// A sum, a comparison of it and the branch in one cell.
    pub sum_branch: bool,
    /// A load, a comparison of the number and the branch in one cell.
    pub load_branch: bool,
    /// Constants among what a `select` chooses from in its cell.
    pub select_constant: bool,
    /// A load and the store of the number in one cell.
    pub load_store: bool,
    /// A multiplication of floats and the addition of the product in one cell.
    pub mul_add: bool,
    /// `memory.copy` and `memory.fill` without the detour through the runtime.
    pub bulk: bool,
    /// The floats that loops use most in registers.
    pub pins: bool,
    /// Operands that are floats in registers as well.
    pub operand_pins: bool,
    /// The integers that loops count with in registers.
    pub steps: bool,
    /// Adding a constant to a local and loading from the sum in one cell.
    pub load_tee: bool,
    /// The index of a branch table out of the accumulator, with a constant added to it.
    pub branch_table: bool,
    /// `local.set` of the last result makes that instruction write the local.
    pub retarget: bool,
    /// Vector instructions use instructions that the machine has and others of its kind
    /// have not.
    pub extensions: bool,
    /// A load of a vector and an instruction on it, or a test of a vector and the branch,
    /// in one cell.
    pub vector_pairs: bool,
    /// Loops that copy or fill memory a few bytes at a time are done at once.
    pub byte_loops: bool,
    /// A cell that moves values or computes one, and the cell behind it, by one handler.
    pub neighbours: bool,
    /// A branch and the cell that it leads to by one handler.
    pub branch_to: bool,
    /// Registers of pinned locals are read from their slots only where they are used.
    pub live_pins: bool,
    /// A constant added to a sum that has one already becomes part of that.
    pub sums: bool,
    /// A branch back to the test that a loop begins with is that test once more.
    pub rotate: bool,
}

impl Fusions {
    /// Nothing combined.
    pub const NONE: Fusions = Fusions {
        accumulators: false,
        constants: false,
        fold: false,
        compare_branch: false,
        add_branch: false,
        address: false,
        late_address: false,
        constant_address: false,
        copy_two: false,
        wrap: false,
        thread_return: false,
        pairs: false,
        pair_branch: false,
        sum_branch: false,
        load_branch: false,
        select_constant: false,
        load_store: false,
        mul_add: false,
        bulk: false,
        pins: false,
        operand_pins: false,
        steps: false,
        load_tee: false,
        branch_table: false,
        retarget: false,
        extensions: false,
        vector_pairs: false,
        byte_loops: false,
        neighbours: false,
        branch_to: false,
        live_pins: false,
        sums: false,
        rotate: false,
    };
    /// Everything combined.
    pub const ALL: Fusions = Fusions {
        accumulators: true,
        constants: true,
        fold: true,
        compare_branch: true,
        add_branch: true,
        address: true,
        late_address: true,
        constant_address: true,
        copy_two: true,
        wrap: true,
        thread_return: true,
        pairs: true,
        pair_branch: true,
        sum_branch: true,
        load_branch: true,
        select_constant: true,
        load_store: true,
        mul_add: true,
        bulk: true,
        pins: true,
        operand_pins: true,
        steps: true,
        load_tee: true,
        branch_table: true,
        retarget: true,
        extensions: true,
        vector_pairs: true,
        byte_loops: true,
        neighbours: true,
        branch_to: true,
        live_pins: true,
        sums: true,
        rotate: true,
    };
}

impl Default for Fusions {
    fn default() -> Fusions {
        Fusions::ALL
    }
}
