//! What a machine knows of the bytes that its link took.

use super::*;

/// What [`Counter`] keeps when it hears something.
const HEARD: usize = usize::MAX;

/// Sends each command, and keeps what it hears of the backlog for the loss of its link.
#[derive(Default)]
struct Counter {
    backlogs: Vec<usize>,
    outputs: VecDeque<Output<u8, Vec<usize>>>,
}

impl Machine for Counter {
    type Command = Vec<u8>;
    type Fact = u8;
    type Event = Vec<usize>;

    fn handle(&mut self, _: Mono, input: Input<'_, Vec<u8>>) {
        match input {
            Input::Command(bytes) if bytes.is_empty() => self.outputs.push_back(Output::Close),
            Input::Command(bytes) => self.outputs.push_back(Output::Send(bytes)),
            Input::Bytes(_) => self.backlogs.push(HEARD),
            Input::LinkDown => self
                .outputs
                .push_back(Output::Event(std::mem::take(&mut self.backlogs))),
            _ => {}
        }
    }

    fn backlog(&mut self, _: Mono, bytes: usize) {
        self.backlogs.push(bytes);
    }

    fn poll(&mut self) -> Output<u8, Vec<usize>> {
        self.outputs.pop_front().unwrap_or(Output::Wait(None))
    }
}

/// Law 8: before the first byte and after it are not the same, also when a link breaks in between. A
/// pipe that nobody reads takes 64 KiB and not one byte more.
#[tokio::test]
async fn a_machine_knows_exactly_what_its_link_took() {
    const PIPE: usize = 65_536;
    for close in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("printer");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let reader = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let (commands, from_desk) = mpsc::channel(4);
        let (to_desk, mut words) = mpsc::channel(4);
        let task = tokio::spawn(run(
            Counter::default(),
            Link::File { path },
            Defaults::default(),
            from_desk,
            to_desk,
        ));
        assert_eq!(words.recv().await, Some(FromMachine::LinkUp));
        for size in [PIPE, 1000] {
            let send = ToMachine::Command(vec![7; size]);
            commands.send(send).await.unwrap();
        }
        if close {
            commands.send(ToMachine::Command(Vec::new())).await.unwrap();
        } else {
            // The second command is through when a third one is: the channel holds four.
            for _ in 0..8 {
                commands.send(ToMachine::Stored(true)).await.unwrap();
            }
            drop(reader);
        }
        let backlogs = loop {
            match words.recv().await {
                Some(FromMachine::Event(backlogs)) => break backlogs,
                Some(FromMachine::LinkDown(_)) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(backlogs.first(), Some(&PIPE));
        assert_eq!(backlogs.last(), Some(&1000), "{backlogs:?}");
        drop(commands);
        task.await.unwrap();
    }
}

/// The same on USB, where a transfer that a cancel or a plug breaks off has taken some of its bytes.
#[tokio::test]
async fn a_machine_knows_what_a_broken_transfer_took() {
    for (cancel, took) in [(false, 0), (false, 512), (true, 2048)] {
        let (printer, out, back) = usb::tests::fake();
        out.had_taken(took);
        let (commands, mut from_desk) = mpsc::channel(4);
        let (to_desk, mut words) = mpsc::channel(4);
        let link = "usb:ffff:ffff".parse().unwrap();
        let mut shell = Shell::new(Counter::default(), link, Defaults::default());
        shell.take(Step::Opened(Ok(Connection::Usb(printer)))).await;
        let task = tokio::spawn(async move {
            while let Some(step) = shell.next(&mut from_desk, &to_desk).await {
                shell.take(step).await;
            }
        });
        assert_eq!(words.recv().await, Some(FromMachine::LinkUp));
        let send = ToMachine::Command(vec![7; 3000]);
        commands.send(send).await.unwrap();
        while out.given().is_empty() {
            tokio::task::yield_now().await;
        }
        if cancel {
            commands.send(ToMachine::Command(Vec::new())).await.unwrap();
        } else {
            back.is_gone();
        }
        let backlogs = loop {
            match words.recv().await {
                Some(FromMachine::Event(backlogs)) => break backlogs,
                Some(FromMachine::LinkDown(_)) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(backlogs.last(), Some(&(3000 - took)), "{backlogs:?}");
        drop(commands);
        task.await.unwrap();
    }
}

/// A printer's answer proves that it took the question: a machine hears of that first, whichever of the
/// two the link tells first.
#[tokio::test]
async fn an_answer_does_not_overtake_the_word_that_its_question_left() {
    for _ in 0..30 {
        let (printer, out, back) = usb::tests::fake();
        let (commands, mut from_desk) = mpsc::channel(4);
        let (to_desk, mut words) = mpsc::channel(4);
        let link = "usb:ffff:ffff".parse().unwrap();
        let mut shell = Shell::new(Counter::default(), link, Defaults::default());
        shell.take(Step::Opened(Ok(Connection::Usb(printer)))).await;
        let task = tokio::spawn(async move {
            while let Some(step) = shell.next(&mut from_desk, &to_desk).await {
                shell.take(step).await;
            }
        });
        assert_eq!(words.recv().await, Some(FromMachine::LinkUp));
        let send = ToMachine::Command(vec![7; 3]);
        commands.send(send).await.unwrap();
        while out.given().is_empty() {
            tokio::task::yield_now().await;
        }
        // Both at once, and the link chooses by chance.
        back.ends_well(b"answer", 6);
        out.ends_well(b"", 3);
        back.is_gone();
        let backlogs = loop {
            match words.recv().await {
                Some(FromMachine::Event(backlogs)) => break backlogs,
                Some(FromMachine::LinkDown(_)) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(backlogs, [3, 0, HEARD]);
        drop(commands);
        task.await.unwrap();
    }
}
