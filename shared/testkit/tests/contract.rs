//! The contract, kept by the ports in memory.

use testkit::Memory;

testkit::contract_tests!(Memory::new());
