import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate'
import { expect, it, vi } from 'vitest'
import { parse, type ScalarTag } from 'yaml'

// The validator compiles all of its rules.
vi.setConfig({ testTimeout: 60_000 })

const path = resolve(import.meta.dirname, '../../rollout-controller.template.yaml')
const document = readFileSync(resolve(import.meta.dirname, '../../../../docs/rollout.md'), 'utf8')

interface Statement {
  readonly Action: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

it('the template passes AWS’s own validator', () => {
  const engine = new RegoEngine()
  const found = engine.validateStandard(new TemplateFile(path)).diagnostics as readonly {
    readonly severity: unknown
    readonly ruleId: string
    readonly message: string
  }[]
  const errors = found.filter(({ severity }) => /error|fatal/i.test(String(severity)))
  expect(errors.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([])
  engine.free()
})

it('the template’s controller may do what docs/rollout.md says, and no more', () => {
  const asText = (tag: string): ScalarTag => ({
    tag,
    resolve: (text) => text.replace(`\${Prefix}`, 'prod'),
  })
  const template = parse(readFileSync(path, 'utf8'), { customTags: ['!Sub', '!Ref', '!GetAtt'].map(asText) })
  const statements: readonly Statement[] =
    template.Resources.ControllerRole.Properties.Policies[0].PolicyDocument.Statement
  const documented = JSON.parse(/```json controller\n(.*?)```/s.exec(document)?.[1] ?? '') as readonly Statement[]
  const said = (all: readonly Statement[]) => all.map(({ Action, Condition }) => ({ Action, Condition }))
  expect(said(statements)).toEqual(said(documented))
})
