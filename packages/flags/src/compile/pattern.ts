import type { Instruction } from './pattern-program.ts'
import { parsePattern } from './pattern-syntax.ts'

/**
 * The most instructions that one pattern may come to; as many steps, at the most, are taken for each character of a text.
 * A counted repetition is written out: this bounds counts as well.
 */
export const MAX_INSTRUCTIONS = 2000

type One = Instruction & { readonly op: 'one' }

/** Whether the pattern is found anywhere in a text. `steps` counts, for those who want a proof. */
export type Pattern = (text: string, steps?: { count: number }) => boolean

/**
 * Compiles a pattern of RE2's syntax (https://github.com/google/re2/wiki/Syntax), which is Go's. `invalid`: it is none, for
 * Go neither; so look-around and back references, which cannot be had in linear time. `too large`: past the bound above.
 *
 * JavaScript's own `RegExp` backtracks: 28 characters sent by a stranger hold `^(a+)+$` for seconds. Here all ways through a
 * pattern are followed at once (Thompson, Communications of the ACM 11(6), 1968), in time proportional to the text. Rejected:
 * a port of RE2 as a dependency, which is several times as large as an edge function's whole bundle.
 */
export function compilePattern(source: string): Pattern | 'invalid' | 'too large' {
  const program: Instruction[] = [{ op: 'found' }]
  const write = (instruction: Instruction): number => {
    if (program.length >= MAX_INSTRUCTIONS) throw new RangeError()
    return program.push(instruction) - 1
  }
  try {
    return matcher(program, parsePattern(source).emit(write, 0))
  } catch (error) {
    return error instanceof SyntaxError ? 'invalid' : 'too large'
  }
}

/** Evaluation is synchronous: one set of lists serves all texts, and matching allocates nothing. */
function matcher(program: readonly Instruction[], start: number): Pattern {
  const seenAt = new Float64Array(program.length)
  const pending: number[] = []
  let moment = 0
  let reached: One[] = []
  let following: One[] = []

  /** Follows all that takes no character; each instruction once a moment. True when the end is reached. */
  const follow = (from: number, into: One[], before: number, after: number, steps?: { count: number }): boolean => {
    pending.push(from)
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const instruction = program[at]
      if (instruction === undefined || seenAt[at] === moment) continue
      seenAt[at] = moment
      if (steps !== undefined) steps.count += 1
      if (instruction.op === 'found') {
        pending.length = 0
        return true
      }
      if (instruction.op === 'one') into.push(instruction)
      else if (instruction.op === 'split') pending.push(instruction.second, instruction.first)
      else if (instruction.test(before, after)) pending.push(instruction.next)
    }
    return false
  }

  return (text, steps) => {
    reached.length = 0
    let before = -1
    for (let at = 0; ; ) {
      const character = text.codePointAt(at) ?? -1
      // The pattern may begin here as well; what is reached already was marked in this moment.
      if (at === 0) moment += 1
      if (follow(start, reached, before, character, steps)) return true
      if (character === -1) return false
      at += character > 0xffff ? 2 : 1
      const after = text.codePointAt(at) ?? -1
      moment += 1
      following.length = 0
      for (const one of reached) {
        if (one.test(character) && follow(one.next, following, character, after, steps)) return true
      }
      const spare = reached
      reached = following
      following = spare
      before = character
    }
  }
}
