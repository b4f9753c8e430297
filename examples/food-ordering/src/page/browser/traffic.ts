import { svg } from './element.ts'
import type { Traffic } from './state.ts'

export interface Track {
  readonly path: SVGPathElement
  readonly from: string
}

interface Dot {
  readonly circle: SVGCircleElement
  readonly path: SVGPathElement
  readonly lengthPx: number
  readonly startsMs: number
  readonly failed: boolean
}

/** One second's traffic is spread over the next second; a dot is this long on its way. */
const SPREAD_MS = 1000
const TRAVEL_MS = 1100
const FADE_MS = 350
/** Of one function and variation in a second: more would be a line. */
const MAX_DOTS = 10

/**
 * Lets dots move along the tracks: one for each request that a function started, coloured by its variation, and red in the
 * end when it failed. Nothing moves for whoever asked for less motion.
 */
export function trafficOn(
  layer: SVGGElement,
  tracks: ReadonlyMap<string, Track>,
  canary: string,
): (traffic: readonly Traffic[]) => void {
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  const dots = new Set<Dot>()
  let moving = false

  const frame = (nowMs: number): void => {
    for (const dot of dots) if (!place(dot, nowMs)) remove(dot)
    moving = dots.size > 0 && layer.isConnected
    if (moving) requestAnimationFrame(frame)
    else for (const dot of dots) remove(dot)
  }
  const remove = (dot: Dot): void => {
    dot.circle.remove()
    dots.delete(dot)
  }

  return (traffic) => {
    if (calm.matches || document.hidden) return
    const nowMs = performance.now()
    for (const { service, variation, started, errors } of traffic) {
      const track = tracks.get(service)
      if (track === undefined) continue
      const count = Math.min(MAX_DOTS, started)
      const failing = started === 0 ? 0 : Math.round((count * Math.min(errors, started)) / started)
      for (let index = 0; index < count; index += 1) {
        const circle = svg('circle', { r: 5, class: variation === canary ? 'canary' : 'control', visibility: 'hidden' })
        layer.append(circle)
        dots.add({
          circle,
          path: track.path,
          lengthPx: track.path.getTotalLength(),
          startsMs: nowMs + ((index + Math.random()) * SPREAD_MS) / count,
          failed: index < failing,
        })
      }
    }
    if (!moving && dots.size > 0) {
      moving = true
      requestAnimationFrame(frame)
    }
  }
}

/** Whether there is still something to see of it. */
function place({ circle, path, lengthPx, startsMs, failed }: Dot, nowMs: number): boolean {
  const part = (nowMs - startsMs) / TRAVEL_MS
  if (part < 0) return true
  const over = nowMs - startsMs - TRAVEL_MS
  if (over > FADE_MS || (over > 0 && !failed)) return false
  const { x, y } = path.getPointAtLength(lengthPx * Math.min(1, part))
  circle.setAttribute('cx', x.toFixed(1))
  circle.setAttribute('cy', y.toFixed(1))
  circle.removeAttribute('visibility')
  if (over > 0) {
    circle.classList.add('failed')
    circle.setAttribute('r', (5 + (over / FADE_MS) * 12).toFixed(1))
    circle.setAttribute('opacity', (1 - over / FADE_MS).toFixed(2))
  }
  return true
}
