/// Arithmetic on numbers that the daemon supplied: it ends at the type's bounds instead of trapping.
extension Int64 {
    func saturating(times factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? (self < 0) == (factor < 0) ? .max : .min : product
    }

    func saturating(minus other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? self < 0 ? .min : .max : difference
    }

    func saturating(plus other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? self < 0 ? .min : .max : sum
    }
}
