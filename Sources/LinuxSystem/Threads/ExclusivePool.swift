internal import Synchronization

/// Values that one thread at a time may use, made when all others are in use, kept for the next user.
package final class ExclusivePool<Element: ~Copyable>: Sendable {
    private let free = Mutex<[Holder]>([])
    private let make: @Sendable () -> Element

    /// A pool whose values `make` makes.
    package init(_ make: @escaping @Sendable () -> Element) {
        self.make = make
    }

    /// Gives `body` a value that nobody else has meanwhile.
    package func withElement<Result, Failure: Error>(_ body: (inout Element) throws(Failure) -> Result) throws(Failure) -> Result {
        let holder = free.withLock { $0.popLast() } ?? Holder(make())
        defer { free.withLock { $0.append(holder) } }
        return try body(&holder.element)
    }

    /// Holds one value. Unchecked because the compiler cannot see that a holder is either in `free`, where nobody
    /// touches its value, or in the hands of the one thread that took it out.
    private final class Holder: @unchecked Sendable {
        var element: Element

        init(_ element: consuming Element) {
            self.element = element
        }
    }
}
