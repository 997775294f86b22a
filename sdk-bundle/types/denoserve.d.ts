// Deno.serve and Deno.cron.

declare namespace Deno {
  interface NetAddr {
    transport: "tcp";
    hostname: string;
    port: number;
  }

  interface ServeHandlerInfo<Addr = NetAddr> {
    /** Who sent the request. */
    remoteAddr: Addr;
    /** Settles when the response was sent; rejects when the client went away before. */
    completed: Promise<void>;
  }

  type ServeHandler<Addr = NetAddr> = (request: Request, info: ServeHandlerInfo<Addr>) => Response | Promise<Response>;

  interface ServeOptions {
    /** Not used: the address is that of the server's endpoint. */
    port?: number;
    hostname?: string;
    reusePort?: boolean;
    transport?: "tcp";
    /** Shuts the server down. */
    signal?: AbortSignal;
    /** Makes a response of what the handler threw. */
    onError?: (error: unknown) => Response | Promise<Response>;
    /** Called once; without it a line in the log says where the script is reached. */
    onListen?: (address: NetAddr) => void;
  }
  type ServeTcpOptions = ServeOptions;

  interface ServeInit<Addr = NetAddr> {
    handler: ServeHandler<Addr>;
  }

  interface HttpServer<Addr = NetAddr> {
    readonly addr: Addr;
    /** Settles when the server was shut down and has answered everybody. */
    readonly finished: Promise<void>;
    ref(): void;
    unref(): void;
    /** Takes no more requests; settles like `finished`. */
    shutdown(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
  }

  /**
   * Answers the requests that the server's endpoint receives, while its admins
   * have it open. A script has one server at a time.
   */
  function serve(handler: ServeHandler): HttpServer;
  function serve(options: ServeOptions, handler: ServeHandler): HttpServer;
  function serve(options: ServeOptions & ServeInit): HttpServer;

  /** The values of one field: one, some of them, or steps through a range. */
  type CronScheduleExpression = number | { exact: number | number[] } | { start?: number; end?: number; every?: number };

  /** Times in UTC. What is left out below what is given is its first value, above it every one. */
  interface CronSchedule {
    minute?: CronScheduleExpression;
    hour?: CronScheduleExpression;
    dayOfMonth?: CronScheduleExpression;
    month?: CronScheduleExpression;
    /** 1 (Sunday) to 7 (Saturday). */
    dayOfWeek?: CronScheduleExpression;
  }

  interface CronOptions {
    /** Milliseconds before each further try of a run that failed: at most 5, of at most an hour. */
    backoffSchedule?: number[];
    /** Ends the job. */
    signal?: AbortSignal;
  }

  /**
   * Runs the handler at the times of the schedule: five fields (minute, hour, day
   * of month, month, day of week from 1 for Sunday), or an object. To be called at
   * the top level. The promise settles when the signal ends the job.
   */
  function cron(name: string, schedule: string | CronSchedule, handler: () => unknown): Promise<void>;
  function cron(name: string, schedule: string | CronSchedule, options: CronOptions, handler: () => unknown): Promise<void>;
}
