use phlo_core::dsl::{Function, Members, ValueFunction, select_from};

struct Shout;

impl Function for Shout {
    const SCHEMA: &'static str = "api";
    const NAME: &'static str = "shout";

    fn write(&self, _: &mut Members) {}
}

impl ValueFunction for Shout {
    type Output = Option<String>;
}

fn main() {
    let _ = select_from(&Shout);
}
