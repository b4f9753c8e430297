/**
 * What a pattern comes to: instructions that are all followed at once (Thompson, Communications of the ACM 11(6), 1968).
 * A code point of -1 is beyond the text's ends.
 */
export type Instruction =
  | { readonly op: 'one'; readonly test: (codePoint: number) => boolean; readonly next: number }
  | { readonly op: 'at'; readonly test: (before: number, after: number) => boolean; readonly next: number }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'found' }

/** Adds an instruction, and says where it is. */
export type Write = (instruction: Instruction) => number

/** A part of a pattern. It is written from its end: each instruction knows its successor. */
export interface Piece {
  /** Writes it before what comes `next`; answers where it begins. Twice, where it is counted twice. */
  readonly emit: (write: Write, next: number) => number
  /** The counts inside, multiplied down to the deepest: `(a{10}){20}` counts to 200. */
  readonly count: number
}

export const NO_END: number = Number.POSITIVE_INFINITY

export function one(test: (codePoint: number) => boolean): Piece {
  return { emit: (write, next) => write({ op: 'one', test, next }), count: 1 }
}

export function assertion(test: (before: number, after: number) => boolean): Piece {
  return { emit: (write, next) => write({ op: 'at', test, next }), count: 1 }
}

export function sequence(parts: readonly Piece[]): Piece {
  return { emit: (write, next) => parts.reduceRight((to, { emit }) => emit(write, to), next), count: largest(parts) }
}

export function choice(parts: readonly Piece[]): Piece {
  const emit: Piece['emit'] = (write, next) =>
    parts.map((part) => part.emit(write, next)).reduce((first, second) => write({ op: 'split', first, second }))
  return { emit, count: largest(parts) }
}

/** Between `min` and `max` times; each time is written out, but for a loop without end. */
export function repeat(part: Piece, min: number, max: number): Piece {
  const emit: Piece['emit'] = (write, next) => {
    let to = next
    let again = min
    if (max === NO_END) {
      const loop: Instruction = { op: 'split', first: next, second: next }
      to = write(loop)
      loop.first = part.emit(write, to)
      if (min > 0) {
        to = loop.first
        again -= 1
      }
    } else {
      for (let count = min; count < max; count += 1) {
        to = write({ op: 'split', first: part.emit(write, to), second: next })
      }
    }
    for (let count = 0; count < again; count += 1) to = part.emit(write, to)
    return to
  }
  return { emit, count: Math.max(max === NO_END ? min : max, 1) * part.count }
}

function largest(parts: readonly Piece[]): number {
  return Math.max(1, ...parts.map(({ count }) => count))
}
