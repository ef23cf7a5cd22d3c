//! Literals of every type that has an encoder: first the edges, then random ones.
//!
//! A literal need not be valid; PostgreSQL takes those that are.

use std::fmt::Write as _;

/// Numbers that look random and are the same in each run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(high.abs_diff(low))).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// Literals of a type of `pg_catalog`, the given number of random ones among them; none for a type
/// that isn't known here.
pub(crate) fn literals(type_name: &str, random: usize) -> Vec<String> {
    let mut dice = Dice::new(type_name.bytes().map(u64::from).sum());
    let mut all: Vec<String> = edges(type_name).iter().map(|&it| it.to_owned()).collect();
    if is_text(type_name) {
        all.extend((1..=0x7f_u8).map(|byte| char::from(byte).to_string()));
        all.extend((1..=0x7f_u8).map(|byte| format!("{}\u{e9}longer", char::from(byte))));
    }
    if !all.is_empty() {
        all.extend((0..random).map(|_| literal(type_name, &mut dice)));
    }
    all
}

fn is_text(type_name: &str) -> bool {
    matches!(type_name, "text" | "varchar" | "bpchar" | "name" | "char" | "refcursor")
}

fn edges(type_name: &str) -> &'static [&'static str] {
    const TEXTS: &[&str] = &[
        "",
        " ",
        "NULL",
        "null",
        "Null",
        "{}",
        "{a,b}",
        "[0:1]={a,b}",
        "()",
        "(,)",
        "a b",
        "\"",
        "\"\"",
        "\\",
        "\\\\",
        "\\\"",
        "a\"b",
        "t",
        "f",
        "\u{a0}",
        "\u{85}",
        "\u{2028}\u{2029}",
        "na\u{ef}ve caf\u{e9} \u{2116}",
        "\u{1f600}",
        "</script>",
        "  padded  ",
        "a;b",
        "'",
        "''",
        "1234567\"",
        "12345678\\",
        "123456789\n",
        "\u{7f}1234567890",
    ];
    const STAMPS: &[&str] = &[
        "infinity",
        "-infinity",
        "epoch",
        "4713-01-01 00:00:00 BC",
        "0044-03-15 11:12:13.5 BC",
        "0001-01-01 00:00:00 BC",
        "0001-01-01 00:00:00",
        "0999-12-31 23:59:59.999999",
        "1900-01-01 00:00:00",
        "1986-01-01 00:15:00",
        "2024-03-10 02:30:00",
        "2024-02-29 24:00:00",
        "9999-12-31 23:59:59.9",
        "10000-01-01 00:00:00",
        "294276-12-31 23:59:59.999999",
        "2024-01-02 03:04:05.000001",
        "2024-01-02 03:04:05.1",
    ];
    const REGS: &[&str] = &["-", "0", "1", "4294967295", "1234567"];
    match type_name {
        "bool" => &["t", "f"],
        "int2" => &["-32768", "32767", "0", "-1"],
        "int4" => &["-2147483648", "2147483647", "0", "-1"],
        "int8" => &["-9223372036854775808", "9223372036854775807", "0", "-1"],
        "float4" | "float8" => &[
            "NaN",
            "Infinity",
            "-Infinity",
            "0",
            "-0",
            "1e-45",
            "1.17549435e-38",
            "3.4028235e38",
            "1e15",
            "1e16",
            "123456789012345678",
            "1e-4",
            "1e-5",
            "0.1",
            "0.30000000000000004",
            "5e-324",
            "1.7976931348623157e308",
            "1e100",
            "100000",
            "1e6",
        ],
        "numeric" => &[
            "NaN",
            "Infinity",
            "-Infinity",
            "0",
            "0.000",
            "-0",
            "1e-20",
            "1e300",
            "1e-300",
            "-1.50",
            "0.1",
            "12345678901234567890.123456789012345678901234567890",
            "1e16383",
        ],
        "json" | "jsonb" => &[
            "null",
            " null ",
            "true",
            "1.0e+5",
            "-0",
            "\"\"",
            "\"\\/\\u00e9\\ud83d\\ude00\\n\"",
            "{}",
            "[]",
            " {\"a\" : null , \"b\":[ null,{\"c\":null}]}\n",
            "\n[1,\r\n\t2]\n",
            "{\"a\":1,\"a\":2,\"\":\"x y\"}",
            "\"NULL\"",
            "\"\u{7f}\u{2028}{},\\\\\\\"\"",
            "\"t\"",
            "123456789012345678901234567890.10",
            "[[[[[[[[[[{\"a\":[]}]]]]]]]]]]",
        ],
        "text" | "varchar" | "bpchar" | "name" | "refcursor" => TEXTS,
        "char" => &["", " ", "a", "\\200", "\\377", "\\", "\""],
        "xml" => &["", "<a/>", "<a b=\"c\">\u{e9} &amp; \\ {},\n</a>", "NULL", "a<b/>c", " "],
        "bytea" => &["", "\\x", "\\x00", "\\xff", "\\x5c22270a", "abc\\\\def", "\\x00010203"],
        "bit" => &["0", "1", "10110", "0000000000000000000000000000000000001"],
        "varbit" => &["", "0", "1", "101"],
        "uuid" => &["00000000-0000-0000-0000-000000000000", "{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}"],
        "money" => &["0", "-1", "1234567.89", "-92233720368547758.08", "92233720368547758.07"],
        "date" => &[
            "infinity",
            "-infinity",
            "epoch",
            "4713-01-01 BC",
            "0044-03-15 BC",
            "0001-12-31 BC",
            "0001-01-01",
            "0999-01-01",
            "2024-02-29",
            "9999-12-31",
            "10000-01-01",
            "5874897-12-31",
        ],
        "timestamp" | "timestamptz" => STAMPS,
        "interval" => &[
            "0",
            "1 day",
            "-1 day",
            "1 mon -1 day",
            "-1 year 2 mons +3 days -04:05:06.789",
            "178000000 years",
            "-178000000 years",
            "00:00:00.000001",
            "-00:00:01",
            "1 year",
            "999:59:59.999999",
            "1.5 months",
        ],
        "time" => &["00:00", "24:00", "23:59:59.999999", "12:34:56.1"],
        "timetz" => &["00:00+00", "24:00-15:59:59", "23:59:59.999999+05:45", "01:02:03-03:30:52"],
        "inet" | "cidr" => &[
            "0.0.0.0/0",
            "10.1.2.0/24",
            "192.168.100.128",
            "192.168.100.129/25",
            "::/0",
            "2001:4f8:3:ba::/64",
            "2001:4f8:3:ba:2e0:81ff:fe22:d1f1/128",
            "::ffff:1.2.3.0/120",
        ],
        "macaddr" => &["08:00:2b:01:02:03", "ff-ff-ff-ff-ff-ff", "0"],
        "macaddr8" => &["08:00:2b:01:02:03:04:05", "0800.2b01.0203"],
        "point" => &["(1,2)", "(-0,NaN)", "(Infinity,1e-300)"],
        "line" => &["{1,-1,0}", "{0,1,-5.5}"],
        "lseg" => &["[(1,2),(3,4)]"],
        "box" => &["(1,2),(3,4)", "(3,4),(1,-2.5)"],
        "path" => &["[(1,2),(3,4),(5,6)]", "((1,2),(3,4))"],
        "polygon" => &["((1,2),(3,4),(5,6))"],
        "circle" => &["<(1,2),3>", "<(0,0),0>"],
        "int4range" | "int8range" | "numrange" => &["empty", "(,)", "[1,2)", "(,5]", "[1,1]"],
        "int4multirange" | "int8multirange" | "nummultirange" => &["{}", "{(,)}", "{[1,2),[5,9]}"],
        "daterange" => &["empty", "(,)", "[2024-01-01,2024-02-01)", "[infinity,)"],
        "datemultirange" => {
            &["{}", "{(,)}", "{[2024-01-01,2024-02-01),[0044-01-01 BC,2000-01-01]}"]
        }
        "tsrange" | "tstzrange" => &[
            "empty",
            "(,)",
            "[\"2024-01-01 01:02:03\",\"2024-02-01\")",
            "(,infinity)",
            "[\"0044-03-15 11:12:13 BC\",2024-01-01]",
        ],
        "tsmultirange" | "tstzmultirange" => &["{}", "{[\"2024-01-01 01:02:03.5\",2024-02-01]}"],
        "tsvector" => &["", "a", "'a b':1A,2 c:3", "'it''s' '\\\\' '\"' ','", "a:1,2,3B"],
        "tsquery" => &["", "a & b", "!'a b':*A | (c <-> d)", "'it''s' & '\"\\\\'"],
        "jsonpath" => {
            &["$", "$.a[*] ? (@.b == \"c\\\"\\u00e9\")", "strict $.\"a b\"", "lax $[1 to last]"]
        }
        "oid" | "xid" | "cid" => &["0", "1", "4294967295"],
        "xid8" => &["0", "18446744073709551615"],
        "tid" => &["(0,0)", "(4294967295,65535)"],
        "pg_lsn" => &["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"],
        "pg_snapshot" | "txid_snapshot" => &["10:20:10,14,15", "1:1:"],
        "aclitem" => &["=/postgres", "postgres=rw*/postgres"],
        "regclass" => {
            &["pg_class", "information_schema.tables", "\"shop.of things\".\"a \"\"b\\\""]
        }
        "regtype" => &["int4", "text[]", "\"char\"", "timestamptz", "information_schema.yes_or_no"],
        "regcollation" => &["\"C\"", "\"default\"", "\"POSIX\""],
        "regconfig" => &["simple", "english", "german"],
        "regdictionary" => &["simple", "english_stem"],
        "regnamespace" => &["public", "pg_catalog", "\"shop.of things\""],
        "regoper" => &["!~~*", "||/", "@-@", "0"],
        "regoperator" => &["+(int4,int4)", "||(text,text)", "~~(text,text)", "-(NONE,int4)"],
        "regproc" => &["now", "pg_catalog.json_agg", "upper_inf"],
        "regprocedure" => &["now()", "to_json(anyelement)", "lower(text)", "left(text,int)"],
        "regrole" => &["pg_monitor", "pg_read_all_data", "-", "77777"],
        _ if type_name.starts_with("reg") => REGS,
        _ => &[],
    }
}

fn literal(type_name: &str, dice: &mut Dice) -> String {
    match type_name {
        "bool" => dice.pick(&["t", "f"]).to_owned(),
        "int2" => dice.between(-32768, 32768).to_string(),
        "int4" => dice.between(-2_147_483_648, 2_147_483_648).to_string(),
        "int8" => (dice.next().cast_signed() >> dice.below(64)).to_string(),
        "float4" => f32::from_bits(u32::try_from(dice.next() >> 32).unwrap()).to_string(),
        "float8" => match dice.below(2) {
            0 => f64::from_bits(dice.next()).to_string(),
            _ => format!("{}e{}", number(dice), dice.between(-9, 20)),
        },
        "numeric" => number(dice),
        "json" | "jsonb" => json(dice, 4),
        "char" => text(dice, 1),
        "xml" => format!("<x y=\"{}\">{}</x>", dice.below(99), word(dice)),
        "bytea" => format!("\\x{}", digits(dice, "0123456789abcdef", 2)),
        "bit" | "varbit" => digits(dice, "01", 1),
        "uuid" => format!("{:016x}{:016x}", dice.next(), dice.next()),
        "money" => format!("{}.{:02}", dice.between(-99_999_999, 99_999_999), dice.below(100)),
        "date" => date(dice),
        "timestamp" | "timestamptz" => stamp(dice),
        "interval" => format!(
            "{} years {} mons {} days {} secs {} microseconds",
            dice.between(-3, 3),
            dice.between(-12, 12),
            dice.between(-40, 40),
            dice.between(-100_000, 100_000),
            dice.between(-2, 2) * dice.between(0, 1_000_000),
        ),
        "time" => time(dice),
        "timetz" => format!("{}{:+03}:{:02}", time(dice), dice.between(-15, 15), dice.below(60)),
        "inet" => format!("{}/{}", address(dice), dice.below(33)),
        "cidr" => format!("{}/32", address(dice)),
        "macaddr" => format!("{:012x}", dice.next() >> 16),
        "macaddr8" => format!("{:016x}", dice.next()),
        "point" => point(dice),
        "line" => format!("{{{},{},{}}}", number(dice), number(dice), number(dice)),
        "lseg" | "box" | "path" | "polygon" => format!("{},{}", point(dice), point(dice)),
        "circle" => format!("<{},{}>", point(dice), dice.below(1000)),
        "int4range" | "int8range" => range(dice, |dice| dice.between(-99, 99).to_string()),
        "numrange" => range(dice, number),
        "daterange" => range(dice, date),
        "tsrange" | "tstzrange" => range(dice, stamp),
        "int4multirange" | "int8multirange" => {
            ranges(dice, |dice| dice.between(-99, 99).to_string())
        }
        "nummultirange" => ranges(dice, number),
        "datemultirange" => ranges(dice, date),
        "tsmultirange" | "tstzmultirange" => ranges(dice, stamp),
        "tsvector" => {
            format!("{}:{} {}", lexeme(dice), 1 + dice.below(9), lexeme(dice))
        }
        "tsquery" => format!("{} {} {}", lexeme(dice), dice.pick(&["&", "|", "<2>"]), lexeme(dice)),
        "jsonpath" => format!("$.{} ? (@ > {})", json_string(dice), dice.below(99)),
        "oid" | "xid" | "cid" => (dice.next() >> 32).to_string(),
        "xid8" => dice.next().to_string(),
        "tid" => format!("({},{})", dice.next() >> 32, dice.next() >> 48),
        "pg_lsn" => format!("{:X}/{:X}", dice.next() >> 32, dice.next() >> 32),
        "pg_snapshot" | "txid_snapshot" => {
            let low = 1 + dice.below(1000);
            format!("{low}:{}:{}", low + 5, low + dice.below(5))
        }
        "aclitem" => format!("{}=r/pg_monitor", dice.pick(&["postgres", "", "pg_monitor"])),
        _ if type_name.starts_with("reg") => dice.below(4000).to_string(),
        _ => {
            let length = dice.below(40);
            text(dice, length)
        }
    }
}

fn text(dice: &mut Dice, length: u64) -> String {
    let mut text = String::new();
    for _ in 0..length {
        match dice.below(8) {
            0 => text.push_str(dice.pick(&["\"", "\\", "{", "}", ",", "(", ")", "/", "'", "NULL"])),
            1 => {
                text.push_str(dice.pick(&["\n", "\r", "\t", "\u{b}", "\u{c}", "\u{8}", " ", "  "]))
            }
            2 => text.push(char::from(u8::try_from(1 + dice.below(0x7f)).unwrap())),
            3 => text.extend(char::from_u32(u32::try_from(0x80 + dice.below(0x11_0000)).unwrap())),
            _ => text.push_str(dice.pick(&["a", "B", "7", "-", "\u{e9}", ".", "x", "yz"])),
        }
    }
    text
}

fn word(dice: &mut Dice) -> String {
    dice.pick(&["a\\b", "\u{e9}", "c d", "{,}", "\"", "NULL", "\n", ""]).to_owned()
}

fn lexeme(dice: &mut Dice) -> String {
    let length = 1 + dice.below(6);
    format!("'{}'", text(dice, length).replace('\\', "\\\\").replace('\'', "''"))
}

fn digits(dice: &mut Dice, alphabet: &str, times: u64) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let length = dice.below(30) * times;
    (0..length)
        .map(|_| letters[usize::try_from(dice.below(letters.len() as u64)).unwrap()])
        .collect()
}

fn number(dice: &mut Dice) -> String {
    let scale = u32::try_from(dice.below(19)).unwrap();
    let whole = dice.next().cast_signed() >> dice.below(64);
    format!("{}.{}", whole, dice.below(10_u64.pow(scale)))
}

fn date(dice: &mut Dice) -> String {
    let year = match dice.below(4) {
        0 => 1 + dice.below(9999),
        1 => 1 + dice.below(200_000),
        _ => 1870 + dice.below(170),
    };
    let era = if dice.below(10) == 0 && year < 4713 { " BC" } else { "" };
    format!("{year:04}-{:02}-{:02}{era}", 1 + dice.below(12), 1 + dice.below(28))
}

fn time(dice: &mut Dice) -> String {
    let mut time = format!("{:02}:{:02}:{:02}", dice.below(24), dice.below(60), dice.below(60));
    let digits = dice.below(7);
    if digits > 0 {
        time.push('.');
        for _ in 0..digits {
            write!(time, "{}", dice.below(10)).unwrap();
        }
    }
    time
}

fn stamp(dice: &mut Dice) -> String {
    let date = date(dice);
    match date.strip_suffix(" BC") {
        Some(date) => format!("{date} {} BC", time(dice)),
        None => format!("{date} {}", time(dice)),
    }
}

fn address(dice: &mut Dice) -> String {
    format!("{}.{}.{}.{}", dice.below(256), dice.below(256), dice.below(256), dice.below(256))
}

fn point(dice: &mut Dice) -> String {
    format!("({},{})", number(dice), number(dice))
}

fn range(dice: &mut Dice, bound: impl Fn(&mut Dice) -> String) -> String {
    let (low, high) = (bound(dice), bound(dice));
    format!("{}\"{low}\",\"{high}\"{}", dice.pick(&["[", "("]), dice.pick(&["]", ")"]))
}

fn ranges(dice: &mut Dice, bound: impl Fn(&mut Dice) -> String) -> String {
    format!("{{{},{}}}", range(dice, &bound), range(dice, &bound))
}

fn json_string(dice: &mut Dice) -> String {
    let length = dice.below(9);
    serde_json::to_string(&text(dice, length)).unwrap()
}

fn json(dice: &mut Dice, depth: u32) -> String {
    let space = dice.pick(&["", "", " ", "\n", "\t "]);
    match dice.below(if depth == 0 { 4 } else { 7 }) {
        0 => format!("{space}null"),
        1 => dice.pick(&["true", "false"]).to_owned(),
        2 => format!("{}{space}", dice.between(-99, 999)),
        3 => json_string(dice),
        4 => format!("[{space}{},{}]", json(dice, depth - 1), json(dice, depth - 1)),
        _ => format!(
            "{{{}{space}:{},{space}{}:{}}}",
            json_string(dice),
            json(dice, depth - 1),
            json_string(dice),
            json(dice, depth - 1),
        ),
    }
}
