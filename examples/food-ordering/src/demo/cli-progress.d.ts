/** The part of cli-progress that is used here; the package has no types of its own. */
declare module 'cli-progress' {
  export const Presets: { readonly shades_classic: object }
  export class SingleBar {
    constructor(options: object, preset: object)
    start(total: number, startValue: number, payload?: object): void
    increment(payload?: object): void
    stop(): void
  }
}
