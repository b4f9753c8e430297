/** Texts made to be slow, of about so many bytes: each aims at one loop or one expression of a reader. */
export type HostileText = (bytes: number) => string

const HEAD = 'wb1.k2.tlpwu8.subjectsubject00'
const filled = (piece: string, bytes: number): string => piece.repeat(Math.floor(bytes / piece.length))
/** What is behind the signature is reached with a correct one: `body` is the entries, `extras` what stands before. */
const token = (body: string, extras = ''): string => `${HEAD}.${extras}.${body}`

/** Signed parts of tokens, for the worst that a holder of the key could send. */
export const hostileTokens: Readonly<Record<string, HostileText>> = {
  'many entries': (bytes) => {
    const name = 'x'.repeat(Math.max(1, Math.floor(bytes / 128) - 12))
    return token(Array.from({ length: 128 }, (_, index) => `${index}${name}:on:t:1:f`).join('~'))
  },
  'many entries, each with an escape': (bytes) => {
    const name = filled('%41', Math.max(3, Math.floor(bytes / 128) - 12))
    return token(Array.from({ length: 128 }, (_, index) => `${index}${name}:on:t:1:f`).join('~'))
  },
  'a fault at the very end': (bytes) => token(`${filled('a:b:t:1:f~', bytes)}a:b:t:01:f`),
  'a flag twice at the very end': (bytes) => {
    const name = 'x'.repeat(Math.max(1, Math.floor(bytes / 127) - 12))
    const all = Array.from({ length: 127 }, (_, index) => `${index}${name}:on:t:1:f`)
    return token([...all, all[0]].join('~'))
  },
  'empty entries': (bytes) => token(filled('~', bytes)),
  'fields without end': (bytes) => token(`a:b:t:1:f${filled(':x', bytes)}`),
  'times without end': (bytes) => token(`a:b:t:1:f${filled(':i1', bytes)}`),
  'bits without end': (bytes) => token(`a:b:t:1:f${filled('b', bytes)}`),
  'one long name': (bytes) => token(`${filled('a', bytes)}:b:t:1:f`),
  'one long escaped name': (bytes) => token(`${filled('%C3%A9', bytes)}:b:t:1:f`),
  'an escape that fails at the end': (bytes) => token(`${filled('%41', bytes)}%4:b:t:1:f`),
  'UTF-8 that fails at the end': (bytes) => token(`${filled('%41', bytes)}%FF:b:t:1:f`),
  'a long number': (bytes) => token(`a:b:d${filled('1', bytes)}:1:f`),
  'a number with a late fault': (bytes) => token(`a:b:d1.${filled('1', bytes)}e:1:f`),
  'a long version': (bytes) => token(`a:b:t:${filled('1', bytes)}:f`),
  'nested lists': (bytes) => {
    const depth = Math.floor((bytes * 3) / 8)
    return token(`a:b:j${Buffer.from('['.repeat(depth) + ']'.repeat(depth)).toString('base64url')}:1:f`)
  },
  'many members': (bytes) => {
    const members = Array.from({ length: Math.floor(bytes / 12) }, (_, index) => `"${index}":0`)
    return token(`a:b:j${Buffer.from(`{${members.join()}}`).toString('base64url')}:1:f`)
  },
  'extras without end': (bytes) => token('a:b:t:1:f', filled('~z', bytes)),
  'a long audience': (bytes) => token('a:b:t:1:f', `a${filled('%41', bytes)}`),
  'a long subject': (bytes) => `wb1.k2.tlpwu8.${filled('s', bytes)}..a:b:t:1:f`,
  'a long key id': (bytes) => `wb1.${filled('k', bytes)}.tlpwu8...a:b:t:1:f`,
  'dots without end': (bytes) => `wb1.k2.${filled('.', bytes)}`,
}

const override = (body: string): string => `wbo1.k2.tou41e.tou5ve.subjectsubject00.${body}`

/** Signed parts of overrides, which are at most 2,048 bytes. */
export const hostileOverrides: Readonly<Record<string, HostileText>> = {
  'many entries': (bytes) => override(Array.from({ length: Math.floor(bytes / 8) }, (_, at) => `f${at}:on`).join('~')),
  'dots without end': (bytes) => override(filled('.', bytes)),
  'dots without end, and a fault': (bytes) => `${override(filled('.', bytes))}.%`,
  'tildes without end': (bytes) => override(filled('~', bytes)),
  'an escape that fails at the end': (bytes) => override(`a:${filled('%41', bytes)}%4`),
}

const quoted = (text: string): string => JSON.stringify(text)
const notification = (message: string): string => `{"Type":"Notification","TopicArn":"t","Message":${quoted(message)}}`

/** JSON bodies, as a queue or a stream may bring them from anybody. */
export const hostileBodies: Readonly<Record<string, HostileText>> = {
  'stamps without end': (bytes) => `{${filled('"_waybill":"x",', bytes)}"a":1}`,
  'stamps among spaces': (bytes) => `{${filled('"_waybill" :   1   ,   ', bytes)}"a":1}`,
  'escaped quotes': (bytes) => `{"a":"${filled('\\"', bytes)}","_waybill":"x"}`,
  backslashes: (bytes) => `{"a":"${filled('\\\\', bytes)}","_waybill":"x"}`,
  'runs of backslashes': (bytes) => `{"_waybill":"x"${filled(`,"a":"${'\\\\'.repeat(50)}\\""`, bytes)}}`,
  'lists in lists': (bytes) => `{"_waybill":"x","a":${filled('[', bytes / 2)}${filled(']', bytes / 2)}}`,
  'lists that never end': (bytes) => `{"_waybill":"x","a":${filled('[', bytes)}`,
  'a string that never ends': (bytes) => `{"_waybill":"x","a":"${filled('\\"', bytes)}`,
  'spaces without end': (bytes) => `{"_waybill"${filled(' ', bytes)}`,
  'many objects': (bytes) => filled('{"_waybill":"x"}\n', bytes),
  'envelopes in envelopes': (bytes) => {
    let text = '{"a":1,"_waybill":"x"}'
    for (let next = notification(text); next.length <= bytes; next = notification(text)) text = next
    return text
  },
  'envelopes around much text': (bytes) => {
    let text = `{"a":"${filled('y', bytes / 2)}","_waybill":"x"}`
    for (let next = notification(text); next.length <= bytes; next = notification(text)) text = next
    return text
  },
  'an envelope with stamps without end': (bytes) =>
    `{"Type":"Notification","TopicArn":"t","MessageAttributes":{${filled('"waybill":{"Value":"x"},', bytes)}"b":1}}`,
  'an event with stamps without end': (bytes) =>
    `{"detail-type":"t","detail":{${filled('"_waybill":1,', bytes)}"b":1}}`,
  'details without end': (bytes) => `{"detail-type":"t",${filled('"detail":{"_waybill":1},', bytes)}"b":1}`,
}
