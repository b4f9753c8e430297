import { spawn } from 'node:child_process'

export interface Guardian {
  readonly watch: (pid: number) => void
  readonly forget: (pid: number) => void
  readonly close: () => void
}

// The pipe ends when the host does, by whatever signal; then what is still on the list is killed, group by group.
const script = `
trap '' INT TERM HUP
list=' '
while read -r change pid; do
  case "$change" in
    watch) list="$list$pid " ;;
    forget) case "$list" in *" $pid "*) list="\${list%% $pid *} \${list#* $pid }" ;; esac ;;
  esac
done
for pid in $list; do kill -9 "-$pid"; done
`

/**
 * A small shell process that kills the environments which a host leaves behind. Environments watch the host themselves
 * (see `bootstrap/preload`), but one that is stuck in a loop cannot.
 */
export function startGuardian(): Guardian {
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} })
  // Without a POSIX shell only the environments' own watch remains.
  shell.on('error', () => undefined)
  shell.stdin.on('error', () => undefined)
  shell.unref()
  const tell = (line: string): void => {
    if (shell.stdin.writable) shell.stdin.write(`${line}\n`)
  }
  return {
    watch: (pid) => tell(`watch ${pid}`),
    forget: (pid) => tell(`forget ${pid}`),
    close: () => void shell.stdin.end(),
  }
}
