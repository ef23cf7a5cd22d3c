//! Generates the module `api` from `phlo-schema.json`.

fn main() {
    phlo_schema_gen::Generator::new().build();
}
