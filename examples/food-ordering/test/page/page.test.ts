import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DemoProcess, descendantsOf, isAlive, startDemo } from '../demo/processes.ts'

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const hasChromium = existsSync(executablePath)
if (!hasChromium)
  console.log(`No Chromium at ${executablePath} (CHROMIUM_PATH): the live page is not opened in a browser.`)

/** No sandbox, since gates run as root; and nothing that a browser does behind its user's back. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const PATIENT = { timeout: 60_000, interval: 250 }

let folder: string
let demo: DemoProcess
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'))
  demo = startDemo(['--serve', '--percent', '20', '--users', '100'], folder)
  await demo.saw('Press Ctrl-C to leave.')
  url = /Live page: (\S+)/.exec(demo.stdout())?.[1] ?? ''
}, 120_000)

afterAll(async () => {
  demo?.child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

describe('the live page’s server', () => {
  test('is for this machine only, and takes changes from its own page only', async () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const statusOf = async (path: string, headers: Record<string, string>, method = 'POST') =>
      (await fetch(`${url}${path}`, { method, headers, ...(method === 'POST' ? { body: '{"comment":"x"}' } : {}) }))
        .status
    const json = { 'content-type': 'application/json' }
    expect(await statusOf('/kill', json)).toBe(403)
    expect(await statusOf('/kill', { ...json, origin: 'https://evil.example' })).toBe(403)
    expect(await statusOf('/nothing', { ...json, origin: url })).toBe(404)
    expect(await statusOf('/rollout', { ...json, origin: url })).toBe(409)
    expect(await statusOf('/browser/../../package.json', {}, 'GET')).toBe(404)
    const { headers } = await fetch(url)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.has('access-control-allow-origin')).toBe(false)
  })
})

describe.runIf(hasChromium)('the live page', { timeout: 120_000 }, () => {
  let browser: Browser
  let page: Page
  const complaints: string[] = []
  const requests: string[] = []

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: FLAGS })
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(url)
  }, 120_000)
  afterAll(() => browser?.close())

  const cell = (service: string, variation: string, column: string): Promise<string | null> =>
    page.locator(`tr[data-service="${service}"][data-variation="${variation}"] [data-column="${column}"]`).textContent()
  const number = async (...where: Parameters<typeof cell>): Promise<number> =>
    Number((await cell(...where))?.replace(/[^\d.-]/g, '') || Number.NaN)
  const verdict = (): Promise<string | null> => page.locator('#verdict').textContent()

  test('shows the numbers of every function, and draws every panel', async () => {
    await expect.poll(() => number('loyalty', 'canary', 'started'), PATIENT).toBeGreaterThan(0)
    await expect.poll(() => number('notify-user', 'control', 'share'), PATIENT).toBeGreaterThan(50)
    expect(await page.locator('#functions tbody tr').count()).toBe(14)
    expect(await page.locator('#chain .node').count()).toBe(7)
    expect(await page.locator('#overview .panel').count()).toBe(5)
    expect(await page.locator('#services .panel').count()).toBe(28)
    await expect.poll(() => page.locator('[data-panel="error-rate"] canvas').count(), PATIENT).toBe(1)
    expect(await page.locator('[data-panel="origins"] .now').textContent()).toMatch(/propagated \d/)
    expect(await page.locator('#malformed').textContent()).toBe('0')
  })

  test('lets traffic move along the chain, in both colours', async () => {
    await expect.poll(() => page.locator('.dots circle.control').count(), PATIENT).toBeGreaterThan(0)
    await expect.poll(() => page.locator('.dots circle.canary').count(), PATIENT).toBeGreaterThan(0)
  })

  test('shows errors planted on the canary’s way within seconds, while control stays flat', async () => {
    await page.getByLabel('Errors').focus()
    await page.keyboard.press('Space')
    await expect.poll(() => number('notify-user', 'canary', 'error-rate'), PATIENT).toBeGreaterThan(10)
    await expect.poll(verdict, PATIENT).toMatch(/notify-(user|restaurant): the canary fails more often than control/)
    for (const service of ['notify-user', 'notify-restaurant', 'place-order', 'loyalty'])
      expect(await number(service, 'control', 'error-rate')).toBe(0)
    expect(await page.locator('#chain .node.bad').count()).toBeGreaterThan(0)
    await page.screenshot({ path: join(folder, 'errors.png') })
    await page.getByLabel('None').check()
    await expect.poll(() => page.locator('#status').textContent(), PATIENT).toBe('The bug is out.')
  })

  test('sets the rollout by keyboard, for whole users, and keeps who and why', async () => {
    await page.getByLabel('Why').fill('<b>half</b> & half')
    await page.getByLabel('Rollout to the canary').focus()
    await page.keyboard.press('End')
    await expect.poll(() => page.locator('#flag-share').textContent(), PATIENT).toBe('100 % of users')
    await expect.poll(() => number('place-order', 'canary', 'share'), PATIENT).toBeGreaterThan(60)
    expect(await page.locator('#changes li').first().textContent()).toMatch(
      /rollout 100 %.* on the page: <b>half<\/b> & half/,
    )
    expect(await page.locator('#changes b').count()).toBe(0)
  })

  test('kills the canary, and brings it back', async () => {
    await page.getByRole('button', { name: 'Kill the canary' }).click()
    await expect.poll(() => page.locator('#flag-share').textContent(), PATIENT).toBe('killed')
    await expect.poll(() => number('place-order', 'canary', 'share'), PATIENT).toBeLessThan(40)
    await page.getByRole('button', { name: 'Bring the canary back' }).click()
    await expect.poll(() => page.locator('#flag-share').textContent(), PATIENT).toBe('100 % of users')
  })

  test('shows a rollout that judges itself: it grows, evidence mounts, and it is rolled back', async () => {
    const phase = (): Promise<string | null> => page.locator('#rollout-phase').textContent()
    const verdicts = (): Promise<string | null> => page.locator('#verdicts').textContent()
    await page.getByRole('button', { name: 'Start one with the bug' }).click()
    await expect.poll(phase, PATIENT).toMatch(/^faulty-1 is growing. The flag gives the canary to (5|10) %/)
    await expect
      .poll(() => page.locator('#rollout-steps [aria-current=step]').textContent(), PATIENT)
      .toMatch(/^\d+ %$/)
    await expect.poll(() => page.locator('#flag-share').textContent(), PATIENT).toMatch(/^\d+ % of users$/)
    await expect.poll(verdicts, PATIENT).toMatch(/hold\s*step 1 of 5 is not over/)
    await expect.poll(() => page.locator('#evidence canvas').count(), PATIENT).toBe(1)
    await expect.poll(phase, PATIENT).toMatch(/^faulty-1 was rolled back.*to 0 %\.$/)
    expect(await verdicts()).toMatch(/roll-back\s*\d+ users of canary and 0 of control met an error/)
    expect(await page.locator('[data-guardrail="errored-users"]').getAttribute('class')).toBe('bad')
    const errored = page.locator('tr[data-variation="canary"] [data-column="errored"]')
    expect(Number(await errored.textContent())).toBeGreaterThan(1)
    await expect.poll(() => page.locator('#flag-share').textContent(), PATIENT).toBe('0 % of users')
    await expect.poll(() => page.locator('#changes').textContent(), PATIENT).toMatch(/rollout faulty-1: \d+ % -> 0 %/)
    await page.screenshot({ path: join(folder, 'rollout.png'), fullPage: true })
  })

  test('takes a rollout up again, and down, for whoever steps in', async () => {
    const phase = (): Promise<string | null> => page.locator('#rollout-phase').textContent()
    await page.getByRole('button', { name: 'Resume' }).click()
    await expect.poll(phase, PATIENT).toMatch(/^faulty-1, attempt 2 is growing/)
    await page.getByRole('button', { name: 'Pause' }).click()
    await expect.poll(phase, PATIENT).toMatch(/^faulty-1, attempt 2 is paused/)
    await page.getByRole('button', { name: 'Roll back' }).click()
    await expect.poll(phase, PATIENT).toMatch(/^faulty-1, attempt 2 was rolled back/)
    expect(await page.locator('#verdicts li').first().textContent()).toMatch(/roll back\s*you: <b>half<\/b> & half/)
    expect(await page.locator('#verdicts b').count()).toBe(0)
    await page.getByLabel('None').check()
  })

  test('is dark where dark is wanted, and fits a phone', async () => {
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const light = await ground()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(brightness(light) - brightness(await ground())).toBeGreaterThan(150)
    await page.setViewportSize({ width: 400, height: 800 })
    await expect.poll(() => page.locator('#chain svg').getAttribute('viewBox'), PATIENT).toMatch(/^0 0 360 /)
    expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0)
    expect((await page.screenshot({ path: join(folder, 'phone.png') })).length).toBeGreaterThan(10_000)
  })

  test('has asked nobody but its own server, and complains of nothing', () => {
    expect(requests.filter((request) => !request.startsWith(`${url}/`) && !request.startsWith('data:'))).toEqual([])
    expect(complaints).toEqual([])
  })
})

describe('leaving', () => {
  test('ends well on Ctrl-C, and leaves no process behind', { timeout: 60_000 }, async () => {
    const running = descendantsOf(demo.child.pid ?? 0)
    expect(running.length).toBeGreaterThan(7)
    demo.child.kill('SIGINT')
    expect(await demo.exitCode).toBe(0)
    expect(running.filter(isAlive)).toEqual([])
    expect(demo.stderr()).toBe('')
  })
})

function brightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number)
  return (red * 299 + green * 587 + blue * 114) / 1000
}
