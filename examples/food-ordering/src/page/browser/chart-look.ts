import type uPlot from 'uplot'

/** What all charts of the page look like, in the colour scheme of the moment. */
export interface ChartLook {
  readonly colour: (name: string) => string
  readonly axis: Pick<uPlot.Axis, 'stroke' | 'grid' | 'ticks'>
  readonly frame: Pick<uPlot.Options, 'width' | 'height' | 'legend' | 'cursor'>
}

/** As wide as its place. Legends are the page's own, beside the charts. */
export function lookOf(place: HTMLElement, heightPx: number): ChartLook {
  const colour = coloursOf(place)
  return {
    colour,
    axis: { stroke: colour('--muted'), grid: { stroke: colour('--faint'), width: 1 }, ticks: { show: false } },
    frame: { width: place.clientWidth, height: heightPx, legend: { show: false }, cursor: { show: false } },
  }
}

/** Colours by the names that the style sheet gives them. */
export function coloursOf(place: HTMLElement): (name: string) => string {
  const style = getComputedStyle(place)
  return (name) => style.getPropertyValue(name).trim()
}
