import { type EvaluationContext, type KeyRing, sealOverride } from '@waybill/core'
import type { Command } from 'commander'
import { Failure } from '../failure.ts'
import { failureOf } from '../failure-of.ts'
import { readUnverifiedOverride } from '../read-override.ts'
import { overrideJson } from '../render/override.ts'
import { when } from '../render/token.ts'
import { contextOf } from './decide.ts'
import { duration } from './duration.ts'
import { type Report, reporting, type Session, show } from './run-command.ts'

interface OverrideOptions {
  readonly json?: boolean
  readonly flag: readonly string[]
  readonly subject?: string
  readonly context?: string
  readonly for: number
}

const HELP = `
The token goes into the header x-waybill of requests to an edge function that has \`overrides: acceptOverrides({ flags })\`. It is
believed for this subject alone: the one that the edge's own context function finds in the request.

Example:
  $ waybill token override --flag checkout=canary --subject tester-1 --for 2h | pbcopy`

/** `waybill token override`: a tester's token, alone on standard output. `keysOf` gives the ring of the environment. */
export function overrideCommand(session: Session, keysOf: () => KeyRing): Command {
  return reporting('override', 'mint a token with which a tester decides flags for one subject, at most 24 hours')
    .requiredOption(
      '--flag <flag=variation>',
      'what it decides; may be repeated',
      (one: string, all: readonly string[] = []) => [...all, one],
    )
    .option('--subject <key>', 'for whom: the key of a user')
    .option('--context <context>', 'for whom, of another kind or several: JSON, or @file')
    .requiredOption('--for <duration>', 'how long: 45m, 2h, 24h at most', duration)
    .addHelpText('after', HELP)
    .action((options: OverrideOptions) => show(session, options, minted(options, session, keysOf)))
}

const MAX_SECONDS = 86_400

async function minted(options: OverrideOptions, { terminal }: Session, keysOf: () => KeyRing): Promise<Report> {
  if (options.for > MAX_SECONDS) throw new Failure('bad_input', 'An override lives 24 hours at most: --for 24h')
  const decisions = decisionsOf(options.flag)
  const context = await subjectOf(options)
  const keys = keysOf()
  if (keys.fingerprint('anybody') === undefined) {
    throw new Failure(
      'bad_input',
      'An override is bound to its subject: set WAYBILL_SUBJECT_SECRET as your edge has it',
    )
  }
  const { nowMs } = terminal
  let token: string
  try {
    token = sealOverride({ context, decisions, ttlSeconds: options.for, nowMs }, keys)
  } catch (error) {
    throw failureOf(error, 'the environment')
  }
  const read = readUnverifiedOverride(token)
  if ('refusal' in read) throw new Failure('refused', `The token could not be read again: ${read.refusal}`)
  const until = when(read.override.expiresAtSeconds)
  terminal.err(
    `warning: this token is a bearer secret until ${until}: whoever has it can take the tester's place. Keep it out of logs, tickets and chats.`,
  )
  return { json: { token, ...overrideJson(read.override) }, text: () => token }
}

function decisionsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  const decisions = new Map<string, string>()
  for (const text of texts) {
    const [, flag, variation] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (flag === undefined || variation === undefined) {
      throw new Failure('bad_input', `--flag "${text}" is not flag=variation`)
    }
    if (decisions.has(flag)) throw new Failure('bad_input', `--flag ${flag} is there twice: say one variation`)
    decisions.set(flag, variation)
  }
  return Object.fromEntries(decisions)
}

async function subjectOf({ subject, context }: OverrideOptions): Promise<EvaluationContext> {
  if ((subject === undefined) === (context === undefined)) {
    throw new Failure('bad_input', 'Say for whom: --subject KEY for a user, or --context JSON')
  }
  if (subject === '') throw new Failure('bad_input', 'The --subject is empty')
  return subject === undefined ? contextOf(context ?? '') : { key: subject }
}
