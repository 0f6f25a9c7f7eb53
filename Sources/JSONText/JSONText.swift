/// A JSON text (RFC 8259) that is changed in place: what is not changed stays as it is, byte for byte.
package struct JSONText {
}
