import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderReport } from '../../src/demo/report.ts'
import type { DemoResult } from '../../src/demo/results.ts'
import { demoResult } from './fixture.ts'

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const hasChromium = existsSync(executablePath)
if (!hasChromium)
  console.log(`No Chromium at ${executablePath} (CHROMIUM_PATH): the report is not opened in a browser.`)

test('the page names no address but its own parts', () => {
  const addresses = [...renderReport(demoResult()).matchAll(/(?:src=|href=|url\(|@import|https?:)[^\s>]*/g)].map(String)
  expect([...new Set(addresses)]).toEqual(['href="data:,"', 'url(#stray-canary);', 'url(#stray-control);'])
})

test('names from the run are text wherever they stand', () => {
  const html = renderReport(withNames(demoResult(), '</title><img src=x onerror="alert(1)">'))
  expect(html).not.toContain('<img')
  expect(html).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;')
})

// A browser on a busy machine takes its time.
describe.runIf(hasChromium)('in a browser', { timeout: 60_000 }, () => {
  let browser: Browser
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'))
    browser = await chromium.launch({ executablePath, args: ['--disable-gpu'] })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function open(result: DemoResult, { width = 1280, height = 900 } = {}) {
    const path = join(folder, 'report.html')
    await writeFile(path, renderReport(result))
    const page = await browser.newPage({ viewport: { width, height } })
    const complaints: string[] = []
    const requests: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => requests.push(request.url()))
    const address = pathToFileURL(path).href
    await page.goto(address)
    const fetched = requests.filter((url) => url !== address && !url.startsWith('data:'))
    return { page, complaints, fetched }
  }

  test('it complains of nothing and fetches nothing', async () => {
    const { complaints, fetched } = await open(demoResult())
    expect(complaints).toEqual([])
    expect(fetched).toEqual([])
  })

  test.each([
    ['desktop', 1280, 900],
    ['phone', 400, 800],
  ])('on a %s the first screen tells both stories', async (_, width, height) => {
    const { page } = await open(demoResult(), { width, height })
    expect(await page.locator('.hero .card:first-child dd').allInnerTexts()).toEqual(['0', '0', '203'])
    expect(await page.locator('.hero .card:last-child dd').allInnerTexts()).toEqual(['1,012', '231', '347'])
    for (const number of await page.locator('.hero dd').all()) {
      const box = await number.boundingBox()
      expect((box?.y ?? height) + (box?.height ?? 0)).toBeLessThan(height)
    }
    expect(await visibleText(page, '.hero .card:first-child')).toContain('One decision, every hop')
    expect(await visibleText(page, '.hero .card:last-child')).toContain('Dice at every function')
    expect(await sidewaysScroll(page)).toBe(0)
  })

  test('the numbers of the run are in the page', async () => {
    const result = demoResult()
    const { page } = await open(result)
    const text = await visibleText(page, 'body')
    for (const route of [result.waybill, result.weightedAlias]) {
      expect(text).toContain(`${route.lostDecisions.toLocaleString('en')} lost decisions`)
      for (const { canary, control } of route.hops) {
        expect(text).toMatch(new RegExp(`${canary}\\s+${control.toLocaleString('en')}`))
      }
      for (const { p95Ms } of route.services) expect(text).toContain(`${p95Ms.toFixed(1)} ms`)
    }
    expect(text).toContain('58.2 %')
    expect(text).toContain('killed with 104 canary orders in flight')
    expect(text).toContain('1 of 5 users')
    expect(text).toContain('4 of 5 users')
  })

  test('each chart has a size, and each picture a name', async () => {
    const { page } = await open(demoResult())
    const pictures = page.getByRole('img')
    // Chains, timeline, users and requests, for each of the two routings.
    expect(await pictures.count()).toBe(8)
    for (const picture of await pictures.all())
      expect(await picture.locator('title').first().textContent()).not.toBe('')
    const sides = await page
      .locator('svg:not(.defs):not(.brand svg)')
      .evaluateAll((charts) => charts.flatMap((chart) => [chart.clientWidth, chart.clientHeight]))
    expect(sides.length).toBeGreaterThan(100)
    expect(Math.min(...sides)).toBeGreaterThan(5)
    for (const table of await page.getByRole('table').all())
      expect(await table.getByRole('row').count()).toBeGreaterThan(5)
  })

  test('bars are as long as their numbers say', async () => {
    const { page } = await open(demoResult())
    const widths = async (selector: string) => {
      const rects = await page.locator(selector).all()
      return Promise.all(rects.map(async (rect) => (await rect.boundingBox())?.width ?? 0))
    }
    const hops = page.locator('.hops').last()
    const [bar = 0] = await widths('.hops svg')
    expect(((await hops.locator('.stray-canary').first().boundingBox())?.width ?? 0) / bar).toBeCloseTo(231 / 2000, 3)
    expect(((await hops.locator('.stray-control').first().boundingBox())?.width ?? 0) / bar).toBeCloseTo(227 / 2000, 3)
    const [track = 0] = await widths('.functions .track')
    expect((await widths('.functions .harm')).map((width) => width / track)).toEqual([expect.closeTo(1, 2)])
  })

  test('the timeline can be read as a table', async () => {
    const { page } = await open(demoResult())
    await page.getByText('As a table').first().click()
    const row = page.getByRole('row', { name: 'killed with 104 canary orders in flight' })
    expect(await row.isVisible()).toBe(true)
    expect(await row.getByRole('cell').allInnerTexts()).toEqual([
      '97',
      '0',
      '0 %',
      'killed with 104 canary orders in flight',
    ])
  })

  test('both colour schemes keep text apart from its ground', async () => {
    const { page } = await open(demoResult())
    const colours = async (colorScheme: 'light' | 'dark') => {
      await page.emulateMedia({ colorScheme })
      return page.evaluate<{ readonly color: string; readonly backgroundColor: string }>(
        '(({ color, backgroundColor }) => ({ color, backgroundColor }))(getComputedStyle(document.body))',
      )
    }
    const [light, dark] = [await colours('light'), await colours('dark')]
    expect(brightness(light.backgroundColor) - brightness(light.color)).toBeGreaterThan(150)
    expect(brightness(dark.color) - brightness(dark.backgroundColor)).toBeGreaterThan(150)
  })

  test('a run in which Waybill mixed a chain says so first', async () => {
    const { waybill } = demoResult()
    const { page } = await open(demoResult({ waybill: { ...waybill, mixedChains: 3 } }))
    expect(await visibleText(page, 'h1')).toBe('Waybill did not keep its word in this run.')
    expect(await page.locator('.hero .card:first-child .stamp').textContent()).toBe('Mixed')
  })

  test('a run of which nothing is known but its options is a page all the same', async () => {
    const { waybill, weightedAlias } = demoResult()
    const empty = { users: 0, orders: 0, canaryUsers: 0, hops: [], services: [], timeline: [], chains: [] }
    const result = demoResult({ waybill: { ...waybill, ...empty }, weightedAlias: { ...weightedAlias, ...empty } })
    const { page, complaints } = await open(result)
    expect(complaints).toEqual([])
    expect(await visibleText(page, 'body')).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('long names and large numbers do not push a phone sideways', async () => {
    const result = withNames(demoResult(), 'a-function-with-a-name-that-nobody-would-want-to-type-twice')
    const { waybill, weightedAlias } = result
    const large = { orders: 100_000, users: 100_000, canaryUsers: 88_888, mixedChains: 99_999, failedOrders: 77_777 }
    const { page } = await open(
      { ...result, waybill: { ...waybill, ...large }, weightedAlias: { ...weightedAlias, ...large } },
      { width: 360, height: 740 },
    )
    expect(await sidewaysScroll(page)).toBe(0)
  })
})

async function visibleText(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).allInnerTexts()).join()
}

function sidewaysScroll(page: Page): Promise<number> {
  return page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)
}

function brightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number)
  return (red * 299 + green * 587 + blue * 114) / 1000
}

/** The same run, with one name for all that the page gets from outside. */
function withNames(result: DemoResult, name: string): DemoResult {
  const { waybill } = result
  return {
    ...result,
    startedAt: name,
    waybill: {
      ...waybill,
      hops: waybill.hops.map((hop) => ({ ...hop, service: name, carrier: name })),
      services: waybill.services.map((service) => ({ ...service, service: name, variation: name })),
      timeline: waybill.timeline.map((point) => ({ ...point, event: name })),
      chains: [{ orderId: name, variations: [name, name] }],
    },
  }
}
