import { GatewayOpcodes } from 'discord.js';

/** Beats of the heart say nothing but that both are there. */
const BEATS: ReadonlySet<number> = new Set([GatewayOpcodes.Heartbeat, GatewayOpcodes.HeartbeatAck]);

/**
 * What a frame of Discord's gateway is called: the event that it tells of, else what it asks for; undefined for what is not worth a
 * line. https://docs.discord.com/developers/events/gateway#gateway-events
 */
export function gatewayEvent(text: string): string | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof frame !== 'object' || frame === null || !('op' in frame) || typeof frame.op !== 'number')
    return undefined;
  if ('t' in frame && typeof frame.t === 'string') return frame.t;
  return BEATS.has(frame.op) ? undefined : GatewayOpcodes[frame.op];
}
