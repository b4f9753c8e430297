import {
  checkWrite,
  type FlagDataError,
  type FlagOwner,
  type FlagSet,
  type ItemKind,
  isRefusal,
  notOwner,
  type StoredItem,
  summedRefusal,
} from '@waybill/flags'
import type { Place } from './apply.ts'
import { runScript } from './client.ts'
import { digestOf } from './mark.ts'
import { fillScript } from './scripts.ts'

/** Makes the store hold exactly this data, but for what the other owner wrote, in one go. Throws what was refused. */
export async function fill({ redis, schema, writer }: Place, data: FlagSet): Promise<void> {
  const refusals: FlagDataError[] = []
  const textsOf = (kind: ItemKind, items: Iterable<StoredItem>): Map<string, string> => {
    const texts = new Map<string, string>()
    for (const item of items) {
      try {
        checkWrite(kind, item, 'absent')
        texts.set(item.key, JSON.stringify(item))
      } catch (error) {
        if (!isRefusal(error)) throw error
        refusals.push(error)
        // What is there stays.
        if (typeof item?.key === 'string') texts.set(item.key, '')
      }
    }
    return texts
  }
  const features = textsOf('features', Object.values(data.flags))
  const segments = textsOf('segments', Object.values(data.segments ?? {}))
  const digest = digestOf({ features: written(features), segments: written(segments) })
  const args = [writer, digest, String(features.size), ...[...features].flat(), ...[...segments].flat()]
  const refused = ((await runScript(redis, fillScript, schema.all, args)) as readonly unknown[]).map(String)
  for (let at = 0; at < refused.length; at += 3) {
    const [kind, key = '', owner] = refused.slice(at, at + 3)
    refusals.push(notOwner(kind as ItemKind, key, owner as FlagOwner, writer))
  }
  const error = summedRefusal(refusals)
  if (error !== undefined) throw error
}

function written(texts: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...texts].filter(([, json]) => json !== '')
}
