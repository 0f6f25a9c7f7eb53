/// Arithmetic on numbers that the kernel supplied: it ends at the type's bounds instead of trapping.
extension UInt64 {
    /// `self - other`, 0 where that would be negative.
    package func saturatingSubtract(_ other: UInt64) -> UInt64 {
        self > other ? self &- other : 0
    }

    /// `self + other`, `max` where that would not fit.
    package func saturatingAdd(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// `self * other`, `max` where that would not fit.
    package func saturatingMultiply(_ other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }

    /// `self * numerator / denominator` without an overflow on the way; `max` where the result does not fit, 0 for a denominator of 0.
    package func scaled(by numerator: UInt64, over denominator: UInt64) -> UInt64 {
        guard denominator > 0 else { return 0 }
        let product = multipliedFullWidth(by: numerator)
        guard product.high < denominator else { return .max }
        return denominator.dividingFullWidth(product).quotient
    }
}

/// The same for numbers that another program supplied.
extension Int64 {
    /// `self - other`, the nearest bound where that would not fit.
    package func saturatingSubtract(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? self < 0 ? .min : .max : difference
    }

    /// `self + other`, the nearest bound where that would not fit.
    package func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? self < 0 ? .min : .max : sum
    }

    /// `self * other`, the nearest bound where that would not fit.
    package func saturatingMultiply(_ other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? (self < 0) == (other < 0) ? .max : .min : product
    }
}
