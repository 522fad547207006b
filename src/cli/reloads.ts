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
  private onChange = (): void => {};

  constructor(source: ConfigSource) {
    this.source = source;
    this.loaded = source.loaded;
  }

  /** Reads the configuration anew. @throws ConfigError */
  readonly load = (): LoadedConfig => {
    this.loaded = this.source.read();
    // From here on, since what changes while this is put in force is another change.
    if (this.unwatch !== undefined) this.watch();
    return this.loaded;
  };

  /**
   * From now on a change of the files is a reload, where the configuration says so.
   *
   * @returns what to do when a reload is asked for
   */
  begin(
    instance: Pick<Instance, "config" | "events" | "reload">,
    notifier: Pick<Notifier, "reloading" | "ready">,
  ): () => void {
    const reload = (): void => {
      notifier.reloading();
      // What goes wrong has been told where it happened, and nothing has changed then.
      void instance
        .reload()
        .catch(() => {})
        .finally(() => notifier.ready());
    };
    this.onChange = reload;
    this.follow(instance);
    instance.events.listen(({ type }) => type === "reloaded" && this.follow(instance));
    return reload;
  }

  stop(): void {
    this.unwatch?.();
    this.unwatch = undefined;
  }

  /** Whoever asked for the reload: it may have said otherwise. */
  private follow({ config }: Pick<Instance, "config">): void {
    if (!config.watch) this.stop();
    else if (this.unwatch === undefined) this.watch();
  }

  private watch(): void {
    this.stop();
    this.unwatch = watchFiles(watchedFiles(this.loaded, this.source.cwd), this.onChange);
  }
}
