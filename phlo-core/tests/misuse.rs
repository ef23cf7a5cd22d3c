//! What makes no sense doesn't compile, and says why in the words of whoever wrote it.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
