"""A line between a machine and its city that drops, delays and throttles when it is rough."""

import socket
import threading
import time

PIECE = 4096


class Line:
    def __init__(self, city, random):
        self.city, self.random, self.rough, self.dropped = city, random, False, 0
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            client, _ = self.door.accept()
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        try:
            city = socket.create_connection(("127.0.0.1", self.city))
        except OSError:
            return client.close()
        # Of one connection in three: after how many bytes it is cut. Of one in two: how long each piece takes.
        most = self.random.choice([None, None, self.random.randrange(1, 20_000)]) if self.rough else None
        pause = self.random.choice([0, self.random.random() * 0.03]) if self.rough else 0
        ways = [threading.Thread(target=self.pump, args=(*way, most, pause), daemon=True)
                for way in ((client, city), (city, client))]
        for way in ways:
            way.start()
        for way in ways:
            way.join()
        client.close()
        city.close()

    def pump(self, source, target, most, pause):
        sent = 0
        try:
            while data := source.recv(PIECE if most is None else min(PIECE, most - sent)):
                time.sleep(pause)
                target.sendall(data)
                sent += len(data)
                if sent == most:
                    self.dropped += 1
                    break
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
