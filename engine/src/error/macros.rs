//! Short ways to make an error from a message.

/// An [`Error`](crate::Error) with a formatted message.
///
/// ```
/// let error = bimetal::format_err!("no such plugin: {}", "x");
/// assert_eq!(error.to_string(), "no such plugin: x");
/// ```
#[macro_export]
macro_rules! format_err {
    ($($arg:tt)*) => {
        $crate::Error::msg(::std::format!($($arg)*))
    };
}

/// Returns early with an [`Error`](crate::Error) of a formatted message.
///
/// ```
/// fn halve(n: i32) -> bimetal::Result<i32> {
///     if n % 2 != 0 {
///         bimetal::bail!("{n} is odd");
///     }
///     Ok(n / 2)
/// }
/// assert_eq!(halve(3).unwrap_err().to_string(), "3 is odd");
/// ```
#[macro_export]
macro_rules! bail {
    ($($arg:tt)*) => {
        return ::std::result::Result::Err($crate::format_err!($($arg)*))
    };
}

/// Returns early with an [`Error`](crate::Error) unless a condition holds.
///
/// ```
/// fn root(n: f64) -> bimetal::Result<f64> {
///     bimetal::ensure!(n >= 0.0, "{n} is negative");
///     Ok(n.sqrt())
/// }
/// assert_eq!(root(-1.0).unwrap_err().to_string(), "-1 is negative");
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($arg:tt)*) => {
        if !$condition {
            $crate::bail!($($arg)*);
        }
    };
}
