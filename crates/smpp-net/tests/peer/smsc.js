// An SMSC made of the npm package `smpp`, driven by the tests: commands come as lines of JSON on
// standard input, what happens goes as lines of JSON to standard output. It ends with its input.
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const [key, cert] = process.argv.slice(2).map((file) => fs.readFileSync(file));
// What becomes of binds, and of the next submissions; afterwards every submission is taken.
const plan = { bind: 'ok', submit: [], ids: [], deaf: false, receipts: true };
const sessions = new Set();
let lastId = 0;

function tell(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function receipt(session, id, submit, state) {
  const text = `id:${id} sub:001 dlvrd:001 submit date:2601151200 done date:2601151201 stat:${state} err:000 text:`;
  const fields = { esm_class: 4, source_addr: submit.destination_addr, destination_addr: submit.source_addr };
  session.deliver_sm({ ...fields, short_message: text }, (answer) => {
    tell({ event: 'answered', tag: `receipt ${id}`, status: answer.command_status });
  });
}

function onSubmit(session, pdu) {
  lastId += 1;
  const id = plan.ids.shift() || `m${lastId}`;
  const step = plan.submit.shift() || 'ok';
  const { message, udh } = pdu.short_message;
  tell({
    event: 'submit',
    id,
    step,
    from: pdu.source_addr,
    to: pdu.destination_addr,
    to_ton: pdu.dest_addr_ton,
    esm_class: pdu.esm_class,
    coding: pdu.data_coding,
    text: message,
    udh: (udh || []).map((element) => Buffer.from(element).toString('hex')),
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
    validity: pdu.validity_period,
    reference: pdu.user_message_reference,
    registered: pdu.registered_delivery,
  });
  const answers = {
    ok: () => session.send(pdu.response({ message_id: id })),
    fail: () => session.send(pdu.response({ message_id: id })),
    throttle: () => session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED })),
    full: () => session.send(pdu.response({ command_status: smpp.ESME_RMSGQFUL })),
    reject: () => session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR })),
    silent: () => {},
    slow: () => setTimeout(() => session.send(pdu.response({ message_id: id })), 300),
    'receipt-first': () => {
      receipt(session, id, pdu, 'DELIVRD');
      setTimeout(() => session.send(pdu.response({ message_id: id })), 50);
    },
  };
  answers[step]();
  if (plan.receipts && (step === 'ok' || step === 'fail')) {
    receipt(session, id, pdu, step === 'ok' ? 'DELIVRD' : 'UNDELIV');
  }
}

function onBind(session, pdu) {
  tell({ event: 'bind', command: pdu.command, system_id: pdu.system_id, password: pdu.password, version: pdu.interface_version });
  if (plan.bind === 'silent') return;
  if (plan.bind === 'refuse') {
    session.send(pdu.response({ command_status: smpp.ESME_RBINDFAIL }));
    return;
  }
  sessions.add(session);
  session.send(pdu.response({ system_id: 'peer' }));
}

function onSession(session) {
  let isDeaf = false;
  session.on('pdu', (pdu) => {
    isDeaf = isDeaf || (plan.deaf && sessions.has(session));
    if (isDeaf) return;
    if (/^bind_[a-z]+$/.test(pdu.command) && !pdu.command.endsWith('_resp')) onBind(session, pdu);
    else if (pdu.command === 'submit_sm') onSubmit(session, pdu);
    else if (pdu.command === 'enquire_link') session.send(pdu.response());
    else if (pdu.command === 'unbind') {
      session.send(pdu.response());
      tell({ event: 'unbind' });
    } else if (pdu.command === 'generic_nack') tell({ event: 'nack', status: pdu.command_status });
  });
  const end = () => {
    if (sessions.delete(session)) tell({ event: 'gone' });
  };
  session.on('close', end);
  session.on('error', end);
}

const commands = {
  plan: (wanted) => {
    Object.assign(plan, wanted);
    tell({ event: 'planned' });
  },
  deliver: ({ tag, pdu }) => {
    const fields = { ...pdu };
    if (fields.hex !== undefined) {
      fields.short_message = Buffer.from(fields.hex, 'hex');
      delete fields.hex;
    }
    for (const session of sessions) {
      session.deliver_sm(fields, (answer) => tell({ event: 'answered', tag, status: answer.command_status }));
    }
  },
  raw: ({ hex }) => sessions.forEach((session) => session.socket.write(Buffer.from(hex, 'hex'))),
  receipt: ({ id, from, to, state }) => {
    for (const session of sessions) receipt(session, id, { source_addr: from, destination_addr: to }, state);
  },
  drop: () => sessions.forEach((session) => session.socket.destroy()),
};

const server = key ? smpp.createServer({ key, cert }, onSession) : smpp.createServer(onSession);
server.listen(0, '127.0.0.1', () => tell({ event: 'listening', port: server.address().port }));

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines.filter(Boolean)) {
    const { do: command, ...fields } = JSON.parse(line);
    commands[command](fields);
  }
});
process.stdin.on('end', () => process.exit(0));
