/** How the process ends; a contract, since others script against it. */
export const ExitCode = {
  fine: 0,
  /** Failed to start, or while running. */
  failed: 1,
  /** `diff --exit-code` found a difference; what others of its kind say then. */
  differs: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** A drain deadline was hit with tunnels that had not been moved yet, whatever became of them then. */
  drainDeadline: 3,
  /** Ctrl-C at a command that waits for something of another process, which goes on; what shells say of SIGINT. */
  interrupted: 130,
} as const;
