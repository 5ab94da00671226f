// The package's schemas come without types; these are the request types as the emulator uses them, and the response
// schemas that its own tests hold its answers against.
declare module 'discord-api-spec/zod' {
  import type { ZodMiniType } from 'zod/mini';

  type Payload = import('./wire.ts').MessagePayload;
  type Command = import('./command-wire.ts').CommandRequest;
  type Callback<T extends number> = Extract<import('./command-wire.ts').CallbackRequest, { type: T }>;

  export const MessageCreateRequestSchema: ZodMiniType<Payload>;
  export const MessageEditRequestPartialSchema: ZodMiniType<Payload>;
  export const IncomingWebhookUpdateRequestPartialSchema: ZodMiniType<Payload>;
  export const IncomingWebhookInteractionRequestSchema: ZodMiniType<Payload>;
  export const CreateMessageInteractionCallbackRequestSchema: ZodMiniType<Callback<4>>;
  export const UpdateMessageInteractionCallbackRequestSchema: ZodMiniType<Callback<6>>;
  export const ApplicationCommandAutocompleteCallbackRequestSchema: ZodMiniType<Callback<8>>;
  export const ModalInteractionCallbackRequestSchema: ZodMiniType<Callback<9>>;
  export const PongInteractionCallbackRequestSchema: ZodMiniType<Callback<1>>;
  export const ApplicationCommandUpdateRequestSchema: ZodMiniType<Command>;
  export const ApplicationCommandCreateRequestSchema: ZodMiniType<Command>;
  export const CreatePrivateChannelRequestSchema: ZodMiniType<{ recipient_id?: string | null }>;

  export const MessageResponseSchema: ZodMiniType;
  export const GuildMemberResponseSchema: ZodMiniType;
  export const GuildRoleResponseSchema: ZodMiniType;
  export const GuildChannelResponseSchema: ZodMiniType;
  export const PrivateChannelResponseSchema: ZodMiniType;
  export const ApplicationCommandResponseSchema: ZodMiniType;
  export const GatewayBotResponseSchema: ZodMiniType;
  export const InteractionCallbackResponseSchema: ZodMiniType;
  export const UserResponseSchema: ZodMiniType;
  export const UserPIIResponseSchema: ZodMiniType;
  export const ErrorResponseSchema: ZodMiniType;
}
