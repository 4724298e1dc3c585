import { EventEmitter } from "eventemitter3";
import { isPromiseLike } from "./promise-like.js";

/** Typed events whose listeners cannot break the emitter: what they throw or reject goes to `onListenerError`. */
export interface SafeEmitter<Events> {
  on<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => void): void;
  off<Name extends keyof Events & string>(name: Name, listener: (event: Events[Name]) => void): void;
  /** Whether building an event for this name is worth the work. */
  hasListeners(name: keyof Events & string): boolean;
  emit<Name extends keyof Events & string>(name: Name, event: Events[Name]): void;
}

export function createSafeEmitter<Events>(
  onListenerError: (name: string, error: unknown) => void,
): SafeEmitter<Events> {
  const emitter = new EventEmitter();
  return {
    on: (name, listener) => void emitter.on(name, listener),
    off: (name, listener) => void emitter.off(name, listener),
    hasListeners: (name) => emitter.listenerCount(name) > 0,
    emit(name, event) {
      // `emitter.emit` would let the first throwing listener keep the event from all others.
      for (const listener of emitter.listeners(name)) {
        try {
          const returned: unknown = listener(event);
          // Some libraries begin a query only when somebody waits for its promise.
          if (isPromiseLike(returned))
            Promise.resolve(returned).catch((error: unknown) => onListenerError(name, error));
        } catch (error) {
          onListenerError(name, error);
        }
      }
    },
  };
}
