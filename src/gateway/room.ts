/** How many tunnels a worker may have. A tunnel that is being opened takes its place before its backend is dialled. */
export class Room {
  /** Most tunnels; may change, and may fall below what there are: then no new one is opened. */
  max: number;
  /** Handshakes refused so far for want of room. */
  refused = 0;

  private readonly tunnels: { readonly size: number };
  private readonly onRefused: () => void;
  private opening = 0;

  /**
   * @param tunnels those that are open
   * @param onRefused called for every handshake that finds no room
   */
  constructor(tunnels: { readonly size: number }, max: number, onRefused: () => void) {
    this.tunnels = tunnels;
    this.max = max;
    this.onRefused = onRefused;
  }

  /** Takes a place for a tunnel that is to be opened; false when there is none. Whoever got one calls `leave` once. */
  enter(): boolean {
    if (this.tunnels.size + this.opening < this.max) {
      this.opening += 1;
      return true;
    }
    this.refused += 1;
    this.onRefused();
    return false;
  }

  /** The tunnel is open, and counts as such, or there will be none. */
  leave(): void {
    this.opening -= 1;
  }
}
