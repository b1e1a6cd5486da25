// Variable-length integers in bytes: seven bits at a time, small numbers small.

/** The largest magnitude whose zigzag form is still exact. */
export const ZIGZAG_MAX = 2 ** 52 - 1

const HIGH = 0x80
const SEVEN_BITS = 128

export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(initial = 4_096) {
    this.#bytes = new Uint8Array(initial)
  }

  get length(): number {
    return this.#length
  }

  /** A view: valid until the next write. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = value
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.#room(8)
    let rest = value
    // Bit operations are exact below 2^31 only; above, divide.
    while (rest > 0x7fffffff) {
      this.#bytes[this.#length++] = (rest % SEVEN_BITS) | HIGH
      rest = Math.floor(rest / SEVEN_BITS)
    }
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | HIGH
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** A whole number of magnitude up to ZIGZAG_MAX, small magnitudes small. */
  zigzag(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  append(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    wider.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = wider
  }
}

/** Reads what ByteWriter wrote; beyond the end it throws, as damaged bytes must not look like zeros. */
export class ByteReader {
  readonly #bytes: Uint8Array
  offset: number

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes
    this.offset = offset
  }

  get left(): number {
    return this.#bytes.length - this.offset
  }

  byte(): number {
    const value = this.#bytes[this.offset]
    if (value === undefined) throw new RangeError(`no byte at ${this.offset} of ${this.#bytes.length}`)
    this.offset += 1
    return value
  }

  varint(): number {
    let byte = this.byte()
    if (byte < HIGH) return byte
    let value = byte & 127
    let scale = SEVEN_BITS
    do {
      byte = this.byte()
      value += (byte & 127) * scale
      scale *= SEVEN_BITS
    } while (byte >= HIGH)
    return value
  }

  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  take(count: number): Uint8Array {
    if (this.offset + count > this.#bytes.length)
      throw new RangeError(`no ${count} bytes at ${this.offset} of ${this.#bytes.length}`)
    this.offset += count
    return this.#bytes.subarray(this.offset - count, this.offset)
  }
}
