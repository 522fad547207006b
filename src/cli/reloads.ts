import { watchedFiles } from "../config/index.ts";
import type { LoadedConfig } from "../config/index.ts";
import { watchFiles } from "../supervisor/index.ts";
import type { Instance, Notifier } from "../supervisor/index.ts";

/** Where a configuration comes from. */
export interface ConfigSource {
  /** As it was read at the start. */
  readonly loaded: LoadedConfig;
  /** Reads it anew. @throws ConfigError */
  readonly read: () => LoadedConfig;
  /** What its files are relative to. */
  readonly cwd: string;
}

/** Reloads of the configuration of a running instance: asked for by a signal, or by a change of its files. */
export class Reloads {
  private readonly source: ConfigSource;
  private loaded: LoadedConfig;
  private unwatch: (() => void) | undefined;

  constructor(source: ConfigSource) {
    this.source = source;
    this.loaded = source.loaded;
  }

  /** Reads the configuration anew. @throws ConfigError */
  readonly load = (): LoadedConfig => {
    this.loaded = this.source.read();
    return this.loaded;
  };

  /**
   * From now on a change of the files is a reload, where the configuration says so.
   *
   * @returns what to do when a reload is asked for
   */
  begin(instance: Instance, notifier: Notifier): () => void {
    const reload = (): void => {
      notifier.reloading();
      // What goes wrong has been told where it happened, and nothing has changed then.
      void instance
        .reload()
        .catch(() => {})
        .finally(() => notifier.ready());
    };
    this.watch(instance, reload);
    // Whoever asked for it: the files may be others now.
    instance.events.listen(({ type }) => type === "reloaded" && this.watch(instance, reload));
    return reload;
  }

  stop(): void {
    this.unwatch?.();
    this.unwatch = undefined;
  }

  private watch({ config }: Instance, reload: () => void): void {
    this.stop();
    if (config.watch) this.unwatch = watchFiles(watchedFiles(this.loaded, this.source.cwd), reload);
  }
}
