//! A strict JSON parser that remembers where it stands.

use std::fmt;

/// A JSON value. Numbers keep their spelling, objects their order.
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// What is wrong with the input, and where: line and column, both from 1.
#[derive(Debug)]
pub struct Error {
    pub line: usize,
    pub column: usize,
    pub problem: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.problem)
    }
}

/// Deeper nesting is refused, so that no input can exhaust the stack.
const DEPTH_LIMIT: usize = 200;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// Parses one JSON value and nothing after it.
pub fn parse(text: &str) -> Result<Value, Error> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let value = parser.value()?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(value),
        Some(c) => Err(parser.error(format!("expected the end, found {c:?}"))),
    }
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.at += 1;
        }
    }

    fn error(&self, problem: impl Into<String>) -> Error {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Error {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: problem.into(),
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), Error> {
        self.skip_space();
        match self.peek() {
            Some(c) if c == wanted => {
                self.at += c.len_utf8();
                Ok(())
            }
            Some(c) => Err(self.error(format!("expected {wanted:?}, found {c:?}"))),
            None => Err(self.error(format!("expected {wanted:?}, found the end"))),
        }
    }

    fn value(&mut self) -> Result<Value, Error> {
        self.skip_space();
        match self.peek() {
            Some('n') => self.word("null", Value::Null),
            Some('t') => self.word("true", Value::Bool(true)),
            Some('f') => self.word("false", Value::Bool(false)),
            Some('"') => Ok(Value::Text(self.string()?)),
            Some('-' | '0'..='9') => self.number(),
            Some('[') => self.nested(Self::array),
            Some('{') => self.nested(Self::object),
            Some(c) => Err(self.error(format!("expected a value, found {c:?}"))),
            None => Err(self.error("expected a value, found the end")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        if !self.rest().starts_with(word) {
            return Err(self.error(format!("expected {word}")));
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Result<Value, Error>) -> Result<Value, Error> {
        if self.depth == DEPTH_LIMIT {
            return Err(self.error(format!("nested deeper than {DEPTH_LIMIT}")));
        }
        self.depth += 1;
        let value = parse(self);
        self.depth -= 1;
        value
    }

    /// Skips `closing` if it comes next.
    fn closes(&mut self, closing: char) -> bool {
        self.skip_space();
        let closes = self.peek() == Some(closing);
        if closes {
            self.at += 1;
        }
        closes
    }

    fn array(&mut self) -> Result<Value, Error> {
        self.expect('[')?;
        let mut items = Vec::new();
        if self.closes(']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.closes(']') {
                return Ok(Value::Array(items));
            }
            self.expect(',')?;
        }
    }

    fn object(&mut self) -> Result<Value, Error> {
        self.expect('{')?;
        let mut members = Vec::new();
        if self.closes('}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            self.expect(':')?;
            members.push((key, self.value()?));
            if self.closes('}') {
                return Ok(Value::Object(members));
            }
            self.expect(',')?;
        }
    }

    fn digits(&mut self) -> Result<(), Error> {
        if !matches!(self.peek(), Some('0'..='9')) {
            return Err(self.error("expected a digit"));
        }
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, Error> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        if self.peek() == Some('0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Value::Number(self.text[start..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<String, Error> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            let start = self.at;
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(c) if c >= ' ' => text.push(c),
                Some(c) => {
                    self.at = start;
                    return Err(self.error(format!("{c:?} in a string must be escaped")));
                }
                None => return Err(self.error("expected '\"', found the end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        match self.next() {
            Some(c @ ('"' | '\\' | '/')) => Ok(c),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => self.unicode(),
            _ => Err(self.error("unknown escape")),
        }
    }

    /// The rest of `\uXXXX`, together with a second half if it is a surrogate.
    fn unicode(&mut self) -> Result<char, Error> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(|| self.error("lone surrogate"));
        }
        if !self.rest().starts_with("\\u") {
            return Err(self.error("lone surrogate"));
        }
        self.at += 2;
        let second = self.hex4()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(self.error("lone surrogate"));
        }
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        char::from_u32(code).ok_or_else(|| self.error("lone surrogate"))
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|c| c.to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return Err(self.error("expected four hexadecimal digits")),
            }
            self.at += 1;
        }
        Ok(code)
    }
}
