// Faithful: field names and types of commands, interactions and their answers
// (https://discord.com/developers/docs/interactions/application-commands). Missing: user commands' resolved users.
import type { MessagePayload, WireComponent } from './wire.ts';

export type WireChoice = {
  name: string;
  value: string | number;
  name_localizations?: Record<string, string> | null;
};

export type WireOption = {
  type: number;
  name: string;
  description: string;
  name_localizations?: Record<string, string> | null;
  description_localizations?: Record<string, string> | null;
  required?: boolean | null;
  autocomplete?: boolean | null;
  choices?: WireChoice[] | null;
  options?: WireOption[] | null;
  file_types?: string[] | null;
  min_value?: number | null;
  max_value?: number | null;
  min_length?: number | null;
  max_length?: number | null;
  channel_types?: number[] | null;
};

/** A command as registered; the permission set is a number here and a string on the wire. */
export type CommandRequest = {
  name: string;
  /** 1 chat input, 2 user, 3 message. */
  type?: number | null;
  description?: string | null;
  name_localizations?: Record<string, string> | null;
  description_localizations?: Record<string, string> | null;
  options?: WireOption[] | null;
  default_member_permissions?: number | null;
  dm_permission?: boolean | null;
  contexts?: number[] | null;
  integration_types?: number[] | null;
};

export type ModalRequest = { custom_id: string; title: string; components: WireComponent[] };

export type OptionValue = {
  name: string;
  type: number;
  value?: string | number | boolean;
  focused?: boolean;
  options?: OptionValue[];
};

/** A submitted modal component. */
export type SubmittedComponent = {
  type: number;
  id: number;
  custom_id?: string;
  value?: string | boolean | null;
  values?: string[];
  component?: SubmittedComponent;
  components?: SubmittedComponent[];
};

export type CallbackRequest =
  | { type: 1 }
  | { type: 4 | 5; data?: MessagePayload | null }
  | { type: 6 | 7; data?: MessagePayload | null }
  | { type: 8; data?: { choices?: (WireChoice | null)[] | null } }
  | { type: 9; data: ModalRequest };
