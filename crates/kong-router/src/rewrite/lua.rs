//! The expressions of Lua that rewrites are made of.
//!
//! A parser by recursive descent that evaluates as it goes, with Lua's precedence: `or`, `and`, comparison, `..`,
//! `not`. Both sides of `and` and `or` are read, and only the one that counts can fail.

use super::Scope;

/// Why a template gives nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// It is no Lua.
    #[error("{0}")]
    Syntax(String),
    /// Lua that is not run here.
    #[error("\"{0}\" is not modelled")]
    Unsupported(String),
    /// Lua would stop with an error.
    #[error("{0}")]
    Type(String),
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nil,
    Boolean(bool),
    Number(i64),
    Text(String),
}

impl Value {
    fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Boolean(false))
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Sign(&'static str),
}

const SIGNS: &[&str] = &["..", "==", "~=", "[", "]", "(", ")", ".", ","];

/// The value of an expression.
pub(super) fn evaluate(text: &str, scope: &Scope) -> Result<Value, Failure> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        scope,
    };
    let value = parser.either()?;
    match parser.tokens.get(parser.at) {
        None => value,
        Some(_) => Err(Failure::Unsupported(text.to_owned())),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Failure> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = if first == '"' || first == '\'' {
            let (value, after) = quoted(&rest[1..], first)?;
            tokens.push(Token::Text(value));
            after
        } else if first.is_ascii_alphabetic() || first == '_' {
            let part = |character: char| !(character.is_ascii_alphanumeric() || character == '_');
            let (word, after) = rest.split_at(rest.find(part).unwrap_or(rest.len()));
            tokens.push(Token::Word(word.to_owned()));
            after
        } else if first.is_ascii_digit() {
            let part = |character: char| !character.is_ascii_digit();
            let (digits, after) = rest.split_at(rest.find(part).unwrap_or(rest.len()));
            let number = digits
                .parse()
                .map_err(|_| Failure::Unsupported(digits.to_owned()))?;
            tokens.push(Token::Number(number));
            after
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            &rest[sign.len()..]
        } else {
            return Err(Failure::Unsupported(text.to_owned()));
        };
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str, quote: char) -> Result<(String, &str), Failure> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, other)) if !other.is_ascii_alphanumeric() => value.push(other),
                Some((_, other)) => return Err(Failure::Unsupported(format!("\\{other}"))),
                None => break,
            },
            other if other == quote => return Ok((value, &text[at + other.len_utf8()..])),
            other => value.push(other),
        }
    }
    Err(Failure::Syntax("a text is not closed".to_owned()))
}

/// What came of a part: a value, or the error that only counts if the value is needed.
type Outcome = Result<Value, Failure>;

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    scope: &'a Scope,
}

impl Parser<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let there = matches!(self.tokens.get(self.at), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(there);
        there
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let there = matches!(self.tokens.get(self.at), Some(Token::Word(next)) if next == word);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, sign: &str) -> Result<(), Failure> {
        if self.takes(sign) {
            Ok(())
        } else {
            Err(Failure::Syntax(format!("\"{sign}\" is missing")))
        }
    }

    fn either(&mut self) -> Result<Outcome, Failure> {
        let mut left = self.both()?;
        while self.takes_word("or") {
            let right = self.both()?;
            left = left.and_then(|value| if value.is_true() { Ok(value) } else { right });
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Outcome, Failure> {
        let mut left = self.comparison()?;
        while self.takes_word("and") {
            let right = self.comparison()?;
            left = left.and_then(|value| if value.is_true() { right } else { Ok(value) });
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Outcome, Failure> {
        let mut left = self.joined()?;
        loop {
            let equal = if self.takes("==") {
                true
            } else if self.takes("~=") {
                false
            } else {
                return Ok(left);
            };
            let right = self.joined()?;
            left = left.and_then(|left| Ok(Value::Boolean((left == right?) == equal)));
        }
    }

    fn joined(&mut self) -> Result<Outcome, Failure> {
        let left = self.unary()?;
        if !self.takes("..") {
            return Ok(left);
        }
        let right = self.joined()?;
        let join = |left: Value, right: Value| {
            let both = [left, right].map(|value| match value {
                Value::Text(text) => Ok(text),
                Value::Number(number) => Ok(number.to_string()),
                Value::Nil | Value::Boolean(_) => Err(Failure::Type(
                    "what is neither a text nor a number cannot be joined".to_owned(),
                )),
            });
            let [left, right] = both;
            Ok(Value::Text(left? + &right?))
        };
        Ok(left.and_then(|left| join(left, right?)))
    }

    fn unary(&mut self) -> Result<Outcome, Failure> {
        if self.takes_word("not") {
            let value = self.unary()?;
            return Ok(value.map(|value| Value::Boolean(!value.is_true())));
        }
        if self.takes("(") {
            let value = self.either()?;
            self.expect(")")?;
            return Ok(value);
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Text(text)) => Ok(Ok(Value::Text(text))),
            Some(Token::Number(number)) => Ok(Ok(Value::Number(number))),
            Some(Token::Word(word)) => match word.as_str() {
                "nil" => Ok(Ok(Value::Nil)),
                "true" => Ok(Ok(Value::Boolean(true))),
                "false" => Ok(Ok(Value::Boolean(false))),
                _ => self.member(&word),
            },
            Some(Token::Sign(sign)) => Err(Failure::Syntax(format!("unexpected \"{sign}\""))),
            None => Err(Failure::Syntax("the expression ends too early".to_owned())),
        }
    }

    /// `uri_captures[1]`, `headers.host`, `query_params["q"]`.
    fn member(&mut self, table: &str) -> Result<Outcome, Failure> {
        let known = self.scope.table(table);
        let Some(values) = known else {
            return Err(Failure::Unsupported(table.to_owned()));
        };
        let key = if self.takes(".") {
            match self.tokens.get(self.at).cloned() {
                Some(Token::Word(word)) => {
                    self.at += 1;
                    word
                }
                _ => return Err(Failure::Syntax("a name is missing".to_owned())),
            }
        } else if self.takes("[") {
            let key = self.either()??;
            self.expect("]")?;
            match key {
                Value::Text(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Nil | Value::Boolean(_) => return Ok(Ok(Value::Nil)),
            }
        } else {
            return Err(Failure::Unsupported(table.to_owned()));
        };
        // Headers are found in lower case, with "-" where Lua's names must have "_".
        let key = match table {
            "headers" => key.to_ascii_lowercase().replace('_', "-"),
            _ => key,
        };
        let value = values.get(&key).cloned();
        Ok(Ok(value.map_or(Value::Nil, Value::Text)))
    }
}
