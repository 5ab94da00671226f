import {
  ActionRowBuilder,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ButtonBuilder,
  ButtonStyle,
  ContainerBuilder,
  Events,
  FileUploadBuilder,
  LabelBuilder,
  MediaGalleryBuilder,
  ModalBuilder,
  StringSelectMenuBuilder,
  TextDisplayBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import { expect, it } from 'vitest';
import { startClient } from './client.ts';
import { startDiscordEmulator } from './index.ts';
import { makePicture } from './wire-client.ts';

it('carries a command with a file from registration to the edited ephemeral answer', async () => {
  await using discord = await startDiscordEmulator();
  await using client = await startClient(discord);
  expect(client.guilds.cache.get(discord.studio.id)?.name).toBe('Studio');
  await client.application?.commands.set([
    {
      name: 'post',
      description: 'Post a video',
      options: [
        {
          type: ApplicationCommandOptionType.Attachment,
          name: 'media1',
          description: 'A file',
          required: true,
        },
        { type: ApplicationCommandOptionType.String, name: 'caption', description: 'Text' },
      ],
    },
  ]);
  const bytes = await makePicture();
  client.on(Events.InteractionCreate, async (interaction) => {
    if (!interaction.isChatInputCommand()) return;
    await interaction.deferReply({ flags: 'Ephemeral' });
    const file = interaction.options.getAttachment('media1', true);
    const got = new Uint8Array(await (await fetch(file.url)).arrayBuffer());
    await interaction.editReply({
      content: `${interaction.options.getString('caption')} ${got.length} ${file.width} ${interaction.attachmentSizeLimit}`,
      files: [{ attachment: Buffer.from(got), name: 'back.png' }],
    });
    await interaction.followUp({ content: 'and more', flags: 'Ephemeral' });
  });
  const handle = await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'post',
    options: { media1: { bytes, fileName: 'a b.png' }, caption: 'Hi' },
  });
  expect(handle.ephemeral).toBe(true);
  expect(handle.acknowledgedAfterMs).toBeLessThan(3000);
  const response = await handle.waitForResponse('Hi');
  expect(response.content).toBe(`Hi ${bytes.length} 64 20971520`);
  expect(response.attachments[0]).toMatchObject({ filename: 'back.png', width: 64, size: bytes.length });
  await handle.waitForFollowUp('more');
  expect(discord.render(discord.posts)).toMatchInlineSnapshot(`
    "--- #posts (Studio) ---
    Nod (only Ana sees this, edited 1×)
      Hi 204 64 20971520
      [back.png]
    Nod (only Ana sees this)
      and more"
  `);
  expect(discord.messages(discord.posts)).toEqual([]);
  expect(discord.state.lint).toEqual([]);
});

const card = (status: string, chosen = 'me') =>
  new ContainerBuilder()
    .addTextDisplayComponents(new TextDisplayBuilder({ content: `## Draft\n${status}` }))
    .addMediaGalleryComponents(
      new MediaGalleryBuilder().addItems({
        media: { url: 'attachment://clip.png' },
        description: 'The clip',
      }),
    )
    .addActionRowComponents(
      new ActionRowBuilder<StringSelectMenuBuilder>().addComponents(
        new StringSelectMenuBuilder()
          .setCustomId('privacy')
          .setPlaceholder('Who can see it')
          .addOptions(
            { label: 'Only me', value: 'me', default: chosen === 'me' },
            { label: 'Everyone', value: 'all', default: chosen === 'all' },
          ),
      ),
    )
    .addActionRowComponents(
      new ActionRowBuilder<ButtonBuilder>().addComponents(
        new ButtonBuilder().setCustomId('approve').setLabel('Approve').setStyle(ButtonStyle.Success),
        new ButtonBuilder().setCustomId('replace').setLabel('Replace').setStyle(ButtonStyle.Secondary),
        new ButtonBuilder().setURL('https://example.com/').setLabel('Open').setStyle(ButtonStyle.Link),
      ),
    );

const replaceModal = () =>
  new ModalBuilder()
    .setCustomId('replacement')
    .setTitle('Replace the clip')
    .addLabelComponents(
      new LabelBuilder()
        .setLabel('Caption')
        .setTextInputComponent(
          new TextInputBuilder()
            .setCustomId('caption')
            .setStyle(TextInputStyle.Paragraph)
            .setValue('As before'),
        ),
      new LabelBuilder()
        .setLabel('Files')
        .setFileUploadComponent(
          new FileUploadBuilder().setCustomId('files').setMaxValues(2).setFileTypes('image'),
        ),
    );

it('keeps a card of components with select, buttons and a modal that takes files', async () => {
  await using discord = await startDiscordEmulator();
  await using client = await startClient(discord);
  const { ana, posts } = discord;
  client.on(Events.InteractionCreate, async (interaction) => {
    if (interaction.isStringSelectMenu())
      await interaction.update({ components: [card('Chosen', interaction.values[0])] });
    if (interaction.isButton() && interaction.customId === 'approve')
      await interaction.reply({ content: `Thanks, ${interaction.user.username}`, flags: 'Ephemeral' });
    if (interaction.isButton() && interaction.customId === 'replace')
      await interaction.showModal(replaceModal());
    if (interaction.isModalSubmit() && interaction.isFromMessage()) {
      const file = interaction.fields.getUploadedFiles('files', true).first();
      const caption = interaction.fields.getTextInputValue('caption');
      await interaction.deferUpdate();
      await interaction.editReply({ components: [card(`${caption} ${file?.name}`)] });
    }
  });
  const channel = await client.channels.fetch(posts.id);
  if (!channel?.isSendable()) throw new Error('The channel should take messages.');
  const sent = await channel.send({
    components: [card('New')],
    flags: 'IsComponentsV2',
    files: [{ attachment: Buffer.from(await makePicture()), name: 'clip.png' }],
  });

  await discord.select(sent, 'Who can see it', ['Everyone'], ana);
  expect(discord.render(posts)).toMatchInlineSnapshot(`
    "--- #posts (Studio) ---
    Nod (edited 1×)
      │ ## Draft
      │ Chosen
      │ [clip.png: The clip]
      │ [ ▾ Who can see it: Everyone ]
      │ [ Approve ] [ Replace ] [ Open ↗ ]"
  `);
  const pressed = await discord.press(sent, 'Approve', ana);
  expect(pressed.response()?.content).toBe('Thanks, ana');
  expect(pressed.ephemeral).toBe(true);
  await expect(discord.press(sent, 'Delete', ana)).rejects.toThrow('[ Approve ] [ Replace ]');
  expect(discord.linkOf(sent, 'Open', ana)).toBe('https://example.com/');

  const opened = await discord.press(sent, 'Replace', ana);
  expect(discord.render(opened)).toBe(
    '=== Replace the clip ===\nCaption: _As before_\nFiles: (up to 2 files)',
  );
  const bytes = await makePicture();
  await expect(discord.submitModal(opened, { Files: [{ bytes, fileName: 'a.txt' }] })).rejects.toThrow(
    'takes image',
  );
  const submitted = await discord.submitModal(opened, { Files: [{ bytes, fileName: 'new.png' }] });
  expect(submitted.answerType).toBe(6);
  await discord.waitForMessage(posts, 'As before new.png');
  await sent.edit({ components: [card('Posted', 'all')] });
  const [message] = discord.messages(posts);
  expect(message?.attachments).toHaveLength(1);
  expect(discord.state.lint).toEqual([]);
});

it('runs message commands with the whole message and completes options', async () => {
  await using discord = await startDiscordEmulator();
  await using client = await startClient(discord);
  const { ana, posts } = discord;
  await client.application?.commands.set(
    [
      { name: 'Post this', type: ApplicationCommandType.Message },
      {
        name: 'sound',
        description: 'Choose a sound',
        options: [
          {
            type: ApplicationCommandOptionType.String,
            name: 'title',
            description: 'Title',
            autocomplete: true,
          },
        ],
      },
    ],
    discord.studio.id,
  );
  client.on(Events.InteractionCreate, async (interaction) => {
    if (interaction.isAutocomplete())
      await interaction.respond([{ name: `${interaction.options.getFocused()}…`, value: 'x' }]);
    if (interaction.isMessageContextMenuCommand())
      await interaction.reply(
        `${interaction.targetMessage.content} ${interaction.targetMessage.attachments.size}`,
      );
  });
  const message = await discord.sendMessage(posts, ana, {
    content: 'Look',
    files: [{ bytes: await makePicture(), fileName: 'a.png' }],
  });
  const handle = await discord.runMessageCommand({ user: ana, message, name: 'Post this' });
  expect(handle.response()?.content).toBe('Look 1');
  expect(handle.response()?.type).toBe(23);
  const choices = await discord.autocomplete({
    user: ana,
    channel: posts,
    name: 'sound',
    focused: 'title',
    value: 'ab',
  });
  expect(choices).toEqual([{ name: 'ab…', value: 'x' }]);
});
