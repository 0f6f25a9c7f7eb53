/// One input of libFuzzer: what a client sends on one connection.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    ControlFuzz.answerAll(UnsafeBufferPointer(start: start, count: count))
    return 0
}
