import type { BugName, Refusal } from './browser/state.ts'
import { isBugName } from './bugs.ts'
import type { Edit, Operator } from './operator.ts'
import type { Action } from './server.ts'

const MAX_COMMENT_LENGTH = 200

/** What can be done on the page, by path. Whoever serves anything of its own adds to it. */
export function pageActions(operator: Operator, plantBug: (name: BugName) => Promise<void>): Record<string, Action> {
  const editing = (edit: (body: Fields, comment: string) => Promise<Edit> | Refusal): Action =>
    withComment(async (fields, comment) => {
      const edited = await edit(fields, comment)
      if (typeof edited === 'object') return edited
      return edited === 'stale' ? { error: 'Somebody else changed the flag just now. Look again' } : undefined
    })

  return {
    '/rollout': editing(({ percent }, comment) => {
      if (typeof percent !== 'number' || !(percent >= 0 && percent <= 100)) {
        return { error: 'A rollout is a percentage from 0 to 100' }
      }
      return operator.setPercent(percent, comment)
    }),
    '/kill': editing((_fields, comment) => operator.kill(comment)),
    '/revive': editing((_fields, comment) => operator.revive(comment)),
    '/bug': async (body) => {
      const { name } = fieldsOf(body)
      if (!isBugName(name)) return { error: 'There is no such bug' }
      await plantBug(name)
      return undefined
    },
  }
}

export type Fields = Readonly<Record<string, unknown>>

/** An action that wants a reason, and gets it. */
export function withComment(act: (fields: Fields, comment: string) => Promise<Refusal | undefined>): Action {
  return async (body) => {
    const fields = fieldsOf(body)
    const comment = typeof fields['comment'] === 'string' ? fields['comment'].trim() : ''
    if (comment === '' || comment.length > MAX_COMMENT_LENGTH) {
      return { error: `Say why, in at most ${MAX_COMMENT_LENGTH} characters: it is kept with the change` }
    }
    return act(fields, comment)
  }
}

function fieldsOf(body: unknown): Fields {
  return typeof body === 'object' && body !== null ? (body as Fields) : {}
}
